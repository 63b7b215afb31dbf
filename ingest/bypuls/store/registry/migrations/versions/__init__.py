"""One module per revision, numbered; applied in order and never edited once released."""
