//! A large schema, filled without the store: one by one it would take hours.

use std::{pin::pin, time::Instant};

use messenger_crm::store::PostgresStore;
use tokio_postgres::{
    Client, CopyInSink,
    binary_copy::BinaryCopyInWriter,
    types::{ToSql, Type},
};

use crate::{
    server::{Row, Server, packed},
    world::{Database, Outcome, PAGE, World, at, decide, is_unanswered, is_unread, name, psid},
};

/// A store with a whole world in it. It was not asked to put the messages there; what the team
/// decided it was.
pub(crate) fn filled(server: &Server<'_>, world: World) -> Outcome<PostgresStore> {
    let schema = world.name();
    let begun = Instant::now();
    let store = server.store(&schema)?;
    let [client, other] = [server.client(&schema)?, server.client(&schema)?];
    server.runtime.block_on(async {
        let settings = "SET synchronous_commit = off; SET maintenance_work_mem = '1GB'";
        client.batch_execute(settings).await?;
        other.batch_execute(settings).await?;
        // Rows first and indexes afterwards is many times faster.
        let indexes = without_indexes(&client).await?;
        let sql = "INSERT INTO page (page, revision) VALUES ($1, $2) RETURNING page_no";
        let revision = world.messages as i64;
        let page_no: i32 = client.query_one(sql, &[&PAGE, &revision]).await?.get(0);
        customers(&client, page_no, world).await?;
        messages([&client, &other], page_no, world).await?;
        eprintln!("  rows after {:.0} s", begun.elapsed().as_secs_f64());
        for index in indexes {
            client.batch_execute(&index).await?;
        }
        client.batch_execute("VACUUM ANALYZE").await?;
        // On the disk before anything is measured, or it would be written meanwhile.
        client.batch_execute("CHECKPOINT").await?;
        Outcome::Ok(())
    })?;
    decide(server.runtime, &store, world)?;
    eprintln!("{} in {:.0} s", world.name(), begun.elapsed().as_secs_f64());
    Ok(store)
}

/// Takes away all indexes of the large tables; answers what brings them back.
async fn without_indexes(client: &Client) -> Outcome<Vec<String>> {
    let sql = "SELECT i.relname::text, t.relname::text, pg_get_indexdef(i.oid), pg_get_constraintdef(c.oid)
        FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid
        LEFT JOIN pg_constraint c ON c.conindid = i.oid WHERE t.relnamespace = current_schema()::regnamespace
        AND t.relname IN ('contact', 'message', 'text_gram', 'name_gram') ORDER BY i.oid";
    let mut back = Vec::new();
    for row in client.query(sql, &[]).await? {
        let (index, table): (String, String) = (row.get(0), row.get(1));
        let constraint: Option<String> = row.get(3);
        let (away, again) = match constraint {
            Some(constraint) => (
                format!("ALTER TABLE {table} DROP CONSTRAINT {index}"),
                format!("ALTER TABLE {table} ADD CONSTRAINT {index} {constraint}"),
            ),
            None => (format!("DROP INDEX {index}"), row.get(2)),
        };
        client.batch_execute(&away).await?;
        back.push(again);
    }
    Ok(back)
}

/// Rows that the server takes as they are; frozen, so that no vacuum has to visit them again.
async fn copy(
    client: &Client,
    table: &str,
    columns: &str,
    types: &[Type],
) -> Outcome<BinaryCopyInWriter> {
    client
        .batch_execute(&format!("BEGIN; TRUNCATE {table}"))
        .await?;
    let sql = format!("COPY {table} ({columns}) FROM STDIN (FORMAT binary, FREEZE)");
    let sink: CopyInSink<_> = client.copy_in(&sql).await?;
    Ok(BinaryCopyInWriter::new(sink, types))
}

async fn customers(client: &Client, page_no: i32, world: World) -> Outcome {
    const COLUMNS: &str =
        "page_no, contact_no, psid, last_at, first_at, inbound_at, unread, arrived, revision,
        newest_tie, key_hash, unanswered_since, bucket, newest_kind, newest_text, asked_at, name, first_name, last_name";
    let (number, text) = (Type::INT8, Type::TEXT);
    let mut types = vec![Type::INT4, number.clone(), text.clone()];
    types.extend(vec![number.clone(); 9]);
    types.extend([Type::INT2, Type::INT2, text.clone(), number.clone()]);
    types.extend(vec![text; 3]);
    let mut rows = pin!(copy(client, "contact", COLUMNS, &types).await?);
    let turns = world.messages / world.customers;
    for customer in 0..world.customers {
        let last = world.number(customer, turns - 1);
        let row = Row::of(page_no, &world.event(last));
        let first_at = at(world.number(customer, 0));
        let unread = i64::from(is_unread(customer));
        let unanswered_since = is_unanswered(customer).then_some(row.at);
        let bucket = 3 * i16::from(unread > 0) + 6 * i16::from(unanswered_since.is_some());
        let revision = last as i64 + 1;
        let (first, family) = name(customer);
        let values: [&(dyn ToSql + Sync); 19] = [
            &page_no,
            &(customer as i64 + 1),
            &psid(customer),
            &row.at,
            &first_at,
            &row.at,
            &unread,
            &revision,
            &revision,
            &row.tie,
            &row.tie,
            &unanswered_since,
            &bucket,
            &0_i16,
            &row.snippet,
            &first_at,
            &format!("{first} {family}"),
            &first,
            &family,
        ];
        rows.as_mut().write(&values).await?;
    }
    rows.finish().await?;
    client.batch_execute("COMMIT").await?;
    let types = [Type::INT4, number, Type::INT4_ARRAY];
    let mut rows = pin!(copy(client, "name_gram", "page_no, contact_no, grams", &types).await?);
    for customer in 0..world.customers {
        let (first, family) = name(customer);
        let full = format!("{first} {family}");
        let grams = packed(page_no, &[&full, first, &family]);
        rows.as_mut()
            .write(&[&page_no, &(customer as i64 + 1), &grams])
            .await?;
    }
    rows.finish().await?;
    Ok(client.batch_execute("COMMIT").await?)
}

/// In the order of time, as they come.
async fn messages(clients: [&Client; 2], page_no: i32, world: World) -> Outcome {
    let [number, text] = [Type::INT8, Type::TEXT];
    let keys = [Type::INT4, number.clone(), number.clone(), number];
    let mut types = Vec::from(keys.clone());
    types.extend([Type::INT2, text.clone(), text]);
    let columns = "page_no, contact_no, at, tie, kind, id, text";
    let mut logged = pin!(copy(clients[0], "message", columns, &types).await?);
    let mut types = Vec::from(keys);
    types.push(Type::INT4_ARRAY);
    let columns = "page_no, contact_no, at, tie, grams";
    let mut searched = pin!(copy(clients[1], "text_gram", columns, &types).await?);
    for number in 0..world.messages {
        let row = Row::of(page_no, &world.event(number));
        let contact_no = world.writer(number) as i64 + 1;
        let key: [&(dyn ToSql + Sync); 4] = [&page_no, &contact_no, &row.at, &row.tie];
        let [page_no, contact_no, at, tie] = key;
        logged
            .as_mut()
            .write(&[page_no, contact_no, at, tie, &108_i16, &row.mid, &row.text])
            .await?;
        searched
            .as_mut()
            .write(&[page_no, contact_no, at, tie, &row.grams])
            .await?;
    }
    logged.finish().await?;
    searched.finish().await?;
    for client in clients {
        client.batch_execute("COMMIT").await?;
    }
    Ok(())
}
