"""A row in each table in which the world of tests/access leaves none: for what must hold of all tables."""

from sqlalchemy import text

from lms.db import db

STATEMENTS = """
    INSERT INTO chain_state (id, head, head_at, base_fee, seen_at) VALUES (1, 120, 0, 1, now());
    INSERT INTO signers (address, next_nonce, mined_nonce) VALUES ('0x' || repeat('cd', 20), 1, 0);
    INSERT INTO contracts (deployment_id, name, address, nonce) SELECT id, 'TeoCoin', '0x' || repeat('ee', 20), 0 FROM deployments;
    INSERT INTO creations (contract_id, nonce, raw, tx_hash, signed_at) SELECT id, nonce, '\\x01', '0x' || repeat('e1', 32), now() FROM contracts;
    INSERT INTO nonces (signer, nonce, operation_id) SELECT address, 1, (SELECT min(id) FROM operations) FROM signers;
    INSERT INTO attempts (operation_id, signer, nonce, raw, tx_hash, gas, tip, cap, signed_at)
    SELECT operation_id, signer, nonce, '\\x01', '0x' || repeat('a1', 32), 1, 1, 2, now() FROM nonces;
    INSERT INTO operation_events (operation_id, at, kind, why) SELECT operation_id, now(), 'waits', 'fees' FROM nonces;
    INSERT INTO snapshots (day, name, value) SELECT current_date - n, 'members', n FROM generate_series(1, 30) n;
    INSERT INTO switches (name, reason, at) VALUES ('nothing', 'a test', now());
    INSERT INTO notice_preferences (user_id, kind, is_mailed) SELECT id, 'teo matured', true FROM users WHERE role = 'student';
    INSERT INTO token_policies (teacher_id, up_to_bp, changed_at) SELECT id, 500, now() FROM users WHERE role = 'teacher';
    INSERT INTO sightings (user_id, device, network, first_at, last_at) SELECT id, decode(md5(email), 'hex'), '203.0.113.0/24', created_at, now() FROM users;
    INSERT INTO stakes (key, user_id, amount, left_over, rule_version, staked_at, unlocks_at)
    SELECT 'a stake of ' || id, id, 1000, 400, 1, now(), now() + interval '30 days' FROM users WHERE role = 'teacher';
    INSERT INTO unstakings (key, user_id, amount, rule_version, asked_at, releases_at)
    SELECT 'from a stake of ' || user_id, user_id, 600, 1, now(), now() + interval '7 days' FROM stakes;
    INSERT INTO certificates (holder_id, course_id, credential, salt, digest, batches, made_at)
    SELECT h.id, e.course_id, '{"course": "A course"}', '\\x01', sha256(h.id::text::bytea), 0, now()
    FROM holders h JOIN (SELECT user_id, min(course_id) AS course_id FROM enrolments GROUP BY user_id) e ON e.user_id = h.user_id;
    INSERT INTO deposits (deployment_id, holder_id, address, tx_hash, log_index, block_number, amount, seen_at, is_parked)
    SELECT d.id, h.id, '0x' || repeat('d1', 20), '0x' || repeat('d2', 32), h.id, 100, 5, now(), false FROM deployments d, holders h WHERE h.user_id = 2;
    INSERT INTO solvency_trees (day, root, total, members, created_at) VALUES (current_date - 1, sha256('a'), 10, 2, now());
    INSERT INTO solvency_leaves (tree_id, index, user_id, member, amount, salt)
    SELECT t.id, u.id, u.id, 'Member ' || u.id, 5, sha256(u.id::text::bytea) FROM solvency_trees t, users u;
    INSERT INTO solvency_levels (tree_id, height, nodes) SELECT id, 0, sha256('a') FROM solvency_trees;
    INSERT INTO simulations (withdrawal_id, asked_at, why) SELECT id, now(), '' FROM withdrawals;
    INSERT INTO withdrawal_approvals (withdrawal_id, admin_id, at, amount, "to")
    SELECT w.id, u.id, now(), w.amount, w.to FROM withdrawals w, users u WHERE u.email = 'admin@example.org';
    INSERT INTO application_decisions (application_id, by_id, edition, is_approved, reason, at)
    SELECT a.id, u.id, 1, false, 'A better picture, please.', now() FROM applications a, users u WHERE u.email = 'admin@example.org';
    INSERT INTO answers (attempt_id, question_id, chosen, saved_at) SELECT id, 1, '[1]', now() FROM quiz_attempts"""


def fill():
    """Needs that world."""
    for statement in STATEMENTS.split(";"):
        db.session.execute(text(statement))
    db.session.commit()
