"""What all reports share: cells, tables and charts free of any file format, words and numbers of a language, typefaces,
and the frames of PDF and workbook that they are set in."""
