"""The yearly climate account as a document that an auditor can follow: CSV, XLSX, PDF in Danish and English."""
