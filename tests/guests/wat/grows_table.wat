;; Grows its table by as many elements as it is told: the milliseconds of the time that it is told.
(module
  (table 1 funcref)
  ;; The time is the first field of the context, which follows what is asked for (12 bytes) where its alignment of 8 allows.
  (func (export "list-choices") (param $arguments i32) (result i32)
    (drop (table.grow (ref.null func) (i32.load offset=16 (local.get $arguments))))
    (i32.const 4096)))
