"""Documents of Word and PowerPoint 97 (doc, ppt)."""
