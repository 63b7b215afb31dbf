"""The forms of a speed report that are looked at: `pdf`, `xlsx`, `html`, each a pure function `render(report, lang)` to
bytes. `content` says what is shown in which order; they all show the same."""
