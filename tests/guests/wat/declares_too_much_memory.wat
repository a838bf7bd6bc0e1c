;; Declares more memory than there is room for: 512 MiB and a page.
(module
  (memory (export "memory") 8193))
