;; Never gets to the point where it could be called.
(module
  (func $forever (loop (br 0)))
  (start $forever))
