;; Returns a result that is neither a success nor a failure.
(module
  (data (i32.const 8192) "\07")
  (func (export "send-order-status") (param i32) (result i32) (i32.const 8192)))
