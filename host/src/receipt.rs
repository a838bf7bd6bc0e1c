//! The durable record of one try: what came of it and what follows. Small, without the order's content.
