-- What the library makes of texts and names, so that FTS5 needs to know neither.
CREATE VIRTUAL TABLE text_gram USING fts5 (grams, content = '', detail = none, tokenize = 'ascii');
CREATE VIRTUAL TABLE name_gram USING fts5 (grams, content = '', detail = none, tokenize = 'ascii');
