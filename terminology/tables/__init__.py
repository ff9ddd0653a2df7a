"""Tables that a site imports: files of CMS and of its own, compiled into columns mapped into memory."""
