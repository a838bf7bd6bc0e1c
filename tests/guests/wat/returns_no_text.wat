;; Returns a reference that is not UTF-8.
(module
  (data (i32.const 4196) "\ff\fe")
  ;; ok(applied { outcome: done, reference: some("\ff\fe") })
  (data (i32.const 8192) "\00\00\00\00\00\00\00\00\00\00\00\00\01\00\00\00\64\10\00\00\02\00\00\00")
  (func (export "send-order-status") (param i32) (result i32) (i32.const 8192)))
