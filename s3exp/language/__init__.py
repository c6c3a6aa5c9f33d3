"""Words and languages of texts, by Unicode's rules and not by those of English."""
