"""The forms of an energy report that are looked at: `pdf`, `xlsx`, each a pure function `render(report, lang)`.
`content` says what is shown in which order; both show the same."""
