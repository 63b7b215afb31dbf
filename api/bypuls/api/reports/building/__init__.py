"""The reports of a building and of the portfolio: `content` and `side_by_side` say what is shown in which order; `pdf`,
`xlsx` and `html` show it."""
