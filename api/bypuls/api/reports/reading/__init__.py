"""What reports from files share: text, delimiter and headings, times of a zone, the count of lines that aren't used."""
