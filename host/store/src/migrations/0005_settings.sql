-- What a merchant has set up has a number that rises with each change, so that a decision need not read all of it again to know that it stands.
ALTER TABLE merchants ADD COLUMN settings INTEGER NOT NULL DEFAULT 0;

CREATE TRIGGER carts_added AFTER INSERT ON carts BEGIN UPDATE merchants SET settings = settings + 1 WHERE merchant = NEW.merchant; END;
CREATE TRIGGER carts_changed AFTER UPDATE ON carts BEGIN UPDATE merchants SET settings = settings + 1 WHERE merchant = NEW.merchant; END;
CREATE TRIGGER carts_removed AFTER DELETE ON carts BEGIN UPDATE merchants SET settings = settings + 1 WHERE merchant = OLD.merchant; END;
CREATE TRIGGER parameters_added AFTER INSERT ON parameters BEGIN UPDATE merchants SET settings = settings + 1 WHERE merchant = NEW.merchant; END;
CREATE TRIGGER parameters_changed AFTER UPDATE ON parameters BEGIN UPDATE merchants SET settings = settings + 1 WHERE merchant = NEW.merchant; END;
CREATE TRIGGER parameters_removed AFTER DELETE ON parameters BEGIN UPDATE merchants SET settings = settings + 1 WHERE merchant = OLD.merchant; END;
CREATE TRIGGER events_added AFTER INSERT ON status_events BEGIN UPDATE merchants SET settings = settings + 1 WHERE merchant = NEW.merchant; END;
CREATE TRIGGER events_changed AFTER UPDATE ON status_events BEGIN UPDATE merchants SET settings = settings + 1 WHERE merchant = NEW.merchant; END;
CREATE TRIGGER events_removed AFTER DELETE ON status_events BEGIN UPDATE merchants SET settings = settings + 1 WHERE merchant = OLD.merchant; END;
