;; What every plugin in this folder is made of, but for the parts that it has of its own. A part is left out where the plugin itself has the
;; export that heads it. All results are zeros, which read as success without anything in it.

;; part (export "memory")
(memory (export "memory") 2)

;; part (data (i32.const 1024)
(data (i32.const 1024) "wat-guest")
(data (i32.const 1040) "1.0.0")
(data (i32.const 1048) "A cart for tests")
(data (i32.const 1072) "Misbehaves.")
(data (i32.const 1088) "Cartage")
;; The manifest: name, version, cart, summary and vendor by address and length; `free-text` as statuses; nothing else.
(data (i32.const 2048) "\00\04\00\00\09\00\00\00\10\04\00\00\05\00\00\00\18\04\00\00\10\00\00\00\30\04\00\00\0b\00\00\00\40\04\00\00\07\00\00\00")
(data (i32.const 2148) "\01")

;; part (export "cabi_realloc")
(global $next (mut i32) (i32.const 65536))
(func (export "cabi_realloc") (param $old i32) (param $old_size i32) (param $align i32) (param $size i32) (result i32)
  (local $at i32)
  (local.set $at (i32.and (i32.add (global.get $next) (i32.const 15)) (i32.const -16)))
  (global.set $next (i32.add (local.get $at) (local.get $size)))
  (local.get $at))

;; part (export "describe")
(func (export "describe") (result i32) (i32.const 2048))

;; part (export "list-choices")
(func (export "list-choices") (param i32) (result i32) (i32.const 4096))

;; part (export "check")
(func (export "check") (param i32) (result i32) (i32.const 4096))

;; part (export "send-order-status")
(func (export "send-order-status") (param i32) (result i32) (i32.const 4096))
