"""What lies inside of archives, mails and portfolios: listed and read in a process that may be killed."""
