-- No quota of a merchant was ever set or read; the ways in limit requests by token.
DROP TABLE quotas;
