;; Grows its table by as many elements as it is told: the milliseconds of the time that it is told.
(module
  (table 1 funcref)
  (func (export "list-statuses") (param $n i64) (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
    (drop (table.grow (ref.null func) (i32.wrap_i64 (local.get $n))))
    (i32.const 4096)))
