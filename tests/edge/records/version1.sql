-- Records as schema version 1 wrote them; kept to prove that they still open and verify.
PRAGMA application_id = 1282110307;
PRAGMA user_version = 1;
BEGIN TRANSACTION;
CREATE TABLE cells (
    id INTEGER PRIMARY KEY,
    examination INTEGER NOT NULL REFERENCES examinations (id),
    frame INTEGER NOT NULL,
    place INTEGER NOT NULL,
    x_um REAL NOT NULL,         -- centre on the slide
    y_um REAL NOT NULL,
    left_px REAL NOT NULL,      -- box in the frame
    top_px REAL NOT NULL,
    width_px REAL NOT NULL,
    height_px REAL NOT NULL,
    label TEXT NOT NULL,
    blast INTEGER CHECK (blast IN (0, 1)),
    p_blast REAL NOT NULL CHECK (p_blast BETWEEN 0 AND 1),
    abstained INTEGER NOT NULL CHECK (abstained IN (0, 1)),
    reason TEXT,
    crop_sha256 TEXT NOT NULL,
    CHECK ((blast IS NULL) = abstained)
) STRICT;
INSERT INTO "cells" VALUES(1,1,3,1,12.5,-4.25,100.0,50.5,60.0,58.0,'lymphocyte',0,0.02,0,NULL,'156e4511ee1f6999ec1a06023a4b14b9a2380637c201d6719da2ed546deaab0c');
INSERT INTO "cells" VALUES(2,1,3,1,12.5,-4.25,100.0,50.5,60.0,58.0,'blast',1,0.97,0,NULL,'156e4511ee1f6999ec1a06023a4b14b9a2380637c201d6719da2ed546deaab0c');
INSERT INTO "cells" VALUES(3,1,3,1,12.5,-4.25,100.0,50.5,60.0,58.0,'monocyte',NULL,0.02,1,'unsure','156e4511ee1f6999ec1a06023a4b14b9a2380637c201d6719da2ed546deaab0c');
INSERT INTO "cells" VALUES(4,2,3,1,12.5,-4.25,100.0,50.5,60.0,58.0,'lymphocyte',0,0.02,0,NULL,'156e4511ee1f6999ec1a06023a4b14b9a2380637c201d6719da2ed546deaab0c');
INSERT INTO "cells" VALUES(5,2,3,1,12.5,-4.25,100.0,50.5,60.0,58.0,'blast',1,0.97,0,NULL,'156e4511ee1f6999ec1a06023a4b14b9a2380637c201d6719da2ed546deaab0c');
INSERT INTO "cells" VALUES(6,2,3,1,12.5,-4.25,100.0,50.5,60.0,58.0,'monocyte',NULL,0.02,1,'unsure','156e4511ee1f6999ec1a06023a4b14b9a2380637c201d6719da2ed546deaab0c');
INSERT INTO "cells" VALUES(7,3,3,1,12.5,-4.25,100.0,50.5,60.0,58.0,'lymphocyte',0,0.02,0,NULL,'156e4511ee1f6999ec1a06023a4b14b9a2380637c201d6719da2ed546deaab0c');
CREATE TABLE chain (
    seq INTEGER PRIMARY KEY,    -- 1, 2, 3, ... without gaps
    kind TEXT NOT NULL,         -- name of the table
    record INTEGER NOT NULL,    -- primary key there
    hash TEXT NOT NULL,
    UNIQUE (kind, record)
) STRICT;
INSERT INTO "chain" VALUES(1,'examinations',1,'a46e5faeda1a4262c4364e99368ad164406ca5b7ce1d3c4e2daecd5fad987350');
INSERT INTO "chain" VALUES(2,'cells',1,'4bc403d49b94da6249899474fc6986adfdc346d5e908957fcfd6715a7e30c698');
INSERT INTO "chain" VALUES(3,'cells',2,'b55fdbe578673e30c364e78b7e20348aaed8bf1f69a19710233b62e0f15cc9a8');
INSERT INTO "chain" VALUES(4,'cells',3,'6957caeb83809c52d3676b8ac4ad534fb0d4b3018a34b260b86b9cf9fb1f9f7d');
INSERT INTO "chain" VALUES(5,'verdicts',1,'de00370a4df9f5e109b0533a3cfab9745abd04210d809504f8e8cb957c858f8e');
INSERT INTO "chain" VALUES(6,'examinations',2,'5f039696a159e202398b73ad144d444c3bb3e11cae26c213a1bc8d8a512b11f4');
INSERT INTO "chain" VALUES(7,'cells',4,'4ebd83c332c8a3f1be11fad2aaa38c574425ee1eabd150b6f3bd8082c4129280');
INSERT INTO "chain" VALUES(8,'cells',5,'cdb9f2c659f0ac707350cf7f668e85985221e92d066deb1579fe8d242cc3bdd1');
INSERT INTO "chain" VALUES(9,'cells',6,'ccd169ec78195937e1cc600d56ff19adb71b84d0a59be139b4ec446304ab0b5e');
INSERT INTO "chain" VALUES(10,'verdicts',2,'d5a95a022f673a645fa82e0f0e4ed4fbf5306751848f0a07fa447faf2c376daf');
INSERT INTO "chain" VALUES(11,'examinations',3,'e0e75271c6ed35db4cbae2dd6222d0bb92f292117135e0ce5ed4c157bb3ba5a8');
INSERT INTO "chain" VALUES(12,'cells',7,'1165d680c045ec28f772ffa5b7b0ee4c3de7cdb8dd0e053e6552621ed976c261');
CREATE TABLE crops (
    cell INTEGER PRIMARY KEY REFERENCES cells (id),
    webp BLOB NOT NULL
) STRICT;
INSERT INTO "crops" VALUES(1,X'524946462E2E2E2E57454250');
INSERT INTO "crops" VALUES(2,X'524946462E2E2E2E57454250');
INSERT INTO "crops" VALUES(3,X'524946462E2E2E2E57454250');
INSERT INTO "crops" VALUES(4,X'524946462E2E2E2E57454250');
INSERT INTO "crops" VALUES(5,X'524946462E2E2E2E57454250');
INSERT INTO "crops" VALUES(6,X'524946462E2E2E2E57454250');
INSERT INTO "crops" VALUES(7,X'524946462E2E2E2E57454250');
CREATE TABLE examinations (
    id INTEGER PRIMARY KEY,
    slide TEXT NOT NULL,
    bundle_name TEXT NOT NULL,
    bundle_sha256 TEXT NOT NULL,
    source TEXT NOT NULL,
    um_per_px REAL,             -- as given; NULL when it is to be measured
    started_at TEXT NOT NULL,   -- UTC, ISO 8601
    runner TEXT NOT NULL        -- the process that examines: see runner.py
) STRICT;
INSERT INTO "examinations" VALUES(1,'A','leuko 1','abababababababababababababababababababababababababababababababab','phantom:healthy',NULL,'2026-05-04T10:30:00.000+00:00','4a067768-be69-4be5-b95f-0da9ddd3734a/5569/166360/e4567cdc41f34cb790b59333958102c6');
INSERT INTO "examinations" VALUES(2,'B','leuko 1','abababababababababababababababababababababababababababababababab','phantom:healthy',NULL,'2026-05-04T10:31:00.000+00:00','4a067768-be69-4be5-b95f-0da9ddd3734a/5569/166360/e4567cdc41f34cb790b59333958102c6');
INSERT INTO "examinations" VALUES(3,'C','leuko 1','abababababababababababababababababababababababababababababababab','phantom:healthy',NULL,'2026-05-05T10:30:00.000+00:00','4a067768-be69-4be5-b95f-0da9ddd3734a/5569/166360/e4567cdc41f34cb790b59333958102c6');
CREATE TABLE verdicts (
    examination INTEGER PRIMARY KEY REFERENCES examinations (id),
    verdict TEXT NOT NULL CHECK (verdict IN ('NO_BLASTS_FOUND', 'REVIEW', 'CANNOT_JUDGE')),
    reason TEXT NOT NULL,
    cells INTEGER NOT NULL,
    blasts INTEGER NOT NULL,
    abstained INTEGER NOT NULL,
    blast_share REAL,
    interval_low REAL,
    interval_high REAL,
    cells_needed INTEGER,
    frames INTEGER NOT NULL,
    seconds REAL,
    um_per_px REAL,             -- as used, given or measured
    finished_at TEXT NOT NULL
) STRICT;
INSERT INTO "verdicts" VALUES(1,'REVIEW','One cell in three looks like a blast.',3,1,1,0.31,0.1,0.6,NULL,7,NULL,NULL,'2026-05-04T10:35:00.000+00:00');
INSERT INTO "verdicts" VALUES(2,'REVIEW','One cell in three looks like a blast.',3,1,1,0.31,0.1,0.6,NULL,7,NULL,NULL,'2026-05-04T10:35:00.000+00:00');
CREATE INDEX cells_by_examination ON cells (examination);
CREATE TRIGGER examinations_no_update BEFORE UPDATE ON examinations BEGIN SELECT RAISE(ABORT, 'examinations is append-only'); END;
CREATE TRIGGER examinations_no_delete BEFORE DELETE ON examinations BEGIN SELECT RAISE(ABORT, 'examinations is append-only'); END;
CREATE TRIGGER cells_no_update BEFORE UPDATE ON cells BEGIN SELECT RAISE(ABORT, 'cells is append-only'); END;
CREATE TRIGGER cells_no_delete BEFORE DELETE ON cells BEGIN SELECT RAISE(ABORT, 'cells is append-only'); END;
CREATE TRIGGER verdicts_no_update BEFORE UPDATE ON verdicts BEGIN SELECT RAISE(ABORT, 'verdicts is append-only'); END;
CREATE TRIGGER verdicts_no_delete BEFORE DELETE ON verdicts BEGIN SELECT RAISE(ABORT, 'verdicts is append-only'); END;
CREATE TRIGGER chain_no_update BEFORE UPDATE ON chain BEGIN SELECT RAISE(ABORT, 'chain is append-only'); END;
CREATE TRIGGER chain_no_delete BEFORE DELETE ON chain BEGIN SELECT RAISE(ABORT, 'chain is append-only'); END;
CREATE TRIGGER crops_no_update BEFORE UPDATE ON crops BEGIN SELECT RAISE(ABORT, 'crops is append-only'); END;
COMMIT;
