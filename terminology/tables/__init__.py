"""Tables that a site imports: files of CMS and of the site, compiled into columns that are mapped into memory."""
