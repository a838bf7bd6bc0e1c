;; Declares more memory than a plugin gets, before it does anything: 64 MiB and a page.
(module
  (memory (export "memory") 1025))
