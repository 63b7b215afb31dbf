"""Climate accounts: what each meter's hours and each imported amount emitted, by factors that can be named."""
