// What users of Amazon's Node.js driver rely on, against the harness at AWS_ENDPOINT_URL.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { CreateLedgerCommand, DescribeLedgerCommand, QLDBClient } from "@aws-sdk/client-qldb";
import qldb from "amazon-qldb-driver-nodejs";
import { dom, IonTypes, load } from "ion-js";

const { QldbDriver, RetryConfig, isTransactionExpiredException, SessionPoolEmptyError, DriverClosedError } = qldb;
const config = { region: "eu-west-2", endpoint: process.env.AWS_ENDPOINT_URL };
const ledger = "node-driver";
const table = "NodeTestTable";
const drivers = [];

function open(name = ledger, sessions = 3, retries = 4) {
  const driver = new QldbDriver(name, config, {}, sessions, new RetryConfig(retries));
  drivers.push(driver);
  return driver;
}

async function rows(driver, statement, ...parameters) {
  return driver.executeLambda(async (txn) => (await txn.execute(statement, ...parameters)).getResultList());
}

async function named(error) {
  return error.name;
}

before(async () => {
  const control = new QLDBClient(config);
  await control.send(new CreateLedgerCommand({ Name: ledger, PermissionsMode: "ALLOW_ALL", DeletionProtection: false }));
  await fetch(`${config.endpoint}/_harness/clock`, { method: "POST", body: '{"advance": "10s"}' });
  assert.equal((await control.send(new DescribeLedgerCommand({ Name: ledger }))).State, "ACTIVE");
  assert.equal((await rows(open(), `CREATE TABLE ${table}`)).length, 1);
});

after(() => drivers.forEach((driver) => driver.close()));

test("lists, creates and drops tables", async () => {
  const driver = open();
  assert.equal((await driver.getTableNames())[0], table);
  assert.equal((await rows(driver, "CREATE TABLE NodeCreateTestTable")).length, 1);
  assert.ok((await driver.getTableNames()).includes("NodeCreateTestTable"));
  assert.equal((await rows(driver, "DROP TABLE NodeCreateTestTable")).length, 1);
  assert.ok(!(await driver.getTableNames()).includes("NodeCreateTestTable"));
});

test("a table that exists is refused", async () => {
  await assert.rejects(rows(open(), `CREATE TABLE ${table}`), { name: "BadRequestException" });
});

test("an index is in the catalog at once", async () => {
  const driver = open();
  assert.equal((await rows(driver, `CREATE INDEX on ${table} (Name)`)).length, 1);
  const found = await rows(driver, `SELECT VALUE indexes[0] FROM information_schema.user_tables
    WHERE status = 'ACTIVE'AND name = '${table}'`);
  assert.equal(found[0].get("expr").stringValue(), "[Name]");
});

test("documents are inserted, found and deleted", async () => {
  const driver = open();
  assert.equal((await rows(driver, `SELECT VALUE Name FROM ${table} WHERE Name = ?`, "nobody")).length, 0);
  assert.equal((await rows(driver, `INSERT INTO ${table} ?`, { Name: "one" })).length, 1);
  assert.equal((await rows(driver, `INSERT INTO ${table} <<?, ?>>`, { Name: "two" }, { Name: "three" })).length, 2);
  const some = await rows(driver, `SELECT VALUE Name FROM "${table}" WHERE Name IN (?,?)`, "one", "two");
  assert.deepEqual(some.map((value) => value.stringValue()).sort(), ["one", "two"]);
  assert.equal((await rows(driver, `DELETE FROM ${table} WHERE Name = ?`, "one")).length, 1);
  assert.equal((await rows(driver, `DELETE FROM ${table}`)).length, 2);
  assert.equal((await rows(driver, `SELECT COUNT(*) FROM ${table}`))[0].get("_1").numberValue(), 0);
});

test("read IOs are exact", async () => {
  const driver = open();
  await rows(driver, `INSERT INTO ${table} << {'col': 1}, {'col': 2}, {'col': 3} >>`);
  const statement = `SELECT * FROM ${table} as a, ${table} as b, ${table} as c, ${table} as d, ${table} as e, ${table} as f`;
  await driver.executeLambda(async (txn) => {
    const result = await txn.execute(statement);
    assert.equal(result.getResultList().length, 729);
    assert.equal(result.getConsumedIOs().getReadIOs(), 1092);
    assert.ok(result.getTimingInformation().getProcessingTimeMilliseconds() > 0);
  });
  await driver.executeLambda(async (txn) => {
    const result = await txn.executeAndStreamResults(statement);
    for await (const _ of result) assert.ok(result.getConsumedIOs().getReadIOs() > 0);
    assert.equal(result.getConsumedIOs().getReadIOs(), 1092);
  });
  await rows(driver, `DELETE FROM ${table}`);
});

test("concurrent updates of one document conflict", async () => {
  const driver = open(ledger, 3, 0);
  await rows(driver, `INSERT INTO ${table} ?`, { Name: 5 });
  const update = () => driver.executeLambda(async (txn) => {
    const value = (await txn.execute(`SELECT VALUE Name from ${table}`)).getResultList()[0].numberValue();
    await txn.execute(`UPDATE ${table} SET Name = ?`, value + 5);
  }, new RetryConfig(0));
  const ended = await Promise.allSettled([update(), update(), update()]);
  const failed = ended.filter((e) => e.status === "rejected");
  assert.ok(failed.length > 0, "one of three at least meets a conflict");
  for (const e of failed) assert.equal(await named(e.reason), "OccConflictException");
  await rows(open(), `DELETE FROM ${table}`);
});

test("values of every type come back as they were", async () => {
  const driver = open();
  const values = [
    "null.clob", "null.blob", "null.bool", "null.decimal", "null.float", "null.int", "null.list", "null.sexp",
    "null.string", "null.struct", "null.symbol", "null.timestamp", "null", '{{"clob"}}', "{{aGVsbG8=}}", "true",
    "0.10", "2e0", "12345678901234567890", "[1, 2]", "(cons 1 2)", '"text"', "{a: 1}", "abc",
    "2016-12-20T05:23:43.000000-00:00", "annotation::1", "annotation::null.string",
  ];
  for (const text of values) {
    const value = load(text);
    const document = load("{}");
    document.Name = value;
    await driver.executeLambda(async (txn) => {
      await txn.execute(`INSERT INTO ${table} ?`, document);
      const where = value.isNull() ? "Name IS NULL" : "Name = ?";
      const found = (await txn.execute(`SELECT VALUE Name FROM ${table} WHERE ${where}`,
        ...(value.isNull() ? [] : [value]))).getResultList();
      assert.equal(found.length, 1, text);
      assert.equal(found[0].getType(), value.getType(), text);
      assert.deepEqual(found[0].getAnnotations(), value.getAnnotations(), text);
      assert.ok(value.getType() === IonTypes.TIMESTAMP || found[0].ionEquals(value), text);
      const updated = await txn.execute(`UPDATE ${table} SET Name = ?`, "another");
      assert.equal(updated.getResultList().length, 1, text);
      assert.equal((await txn.execute(`UPDATE ${table} SET Name = ?`, value)).getResultList().length, 1, text);
      const again = (await txn.execute(`SELECT VALUE Name FROM ${table} WHERE ${where}`,
        ...(value.isNull() ? [] : [value]))).getResultList();
      assert.equal(again.length, 1, text);
      assert.ok(again[0].ionEquals(found[0]), text);
      await txn.execute(`DELETE FROM ${table}`);
    });
  }
  assert.ok(dom);
});

test("a lambda need not return anything", async () => {
  const driver = open();
  const returned = await driver.executeLambda(async (txn) => {
    await txn.execute(`INSERT INTO ${table} ?`, { Name: "unreturned" });
  });
  assert.equal(returned, undefined);
  assert.equal((await rows(driver, `SELECT * FROM ${table} WHERE Name = ?`, "unreturned")).length, 1);
  await rows(driver, `DELETE FROM ${table}`);
});

test("a table or ledger that is not there is a BadRequestException", async () => {
  await assert.rejects(rows(open(), "DELETE FROM NonExistentTable"), { name: "BadRequestException" });
  await assert.rejects(open("no-such-ledger", 1, 1).getTableNames(), { name: "BadRequestException" });
});

test("the pool and a closed driver answer for themselves", async () => {
  const driver = open(ledger, 1);
  await driver.executeLambda(async (txn) => {
    await assert.rejects(driver.getTableNames(), SessionPoolEmptyError);
    await txn.execute(`SELECT * FROM ${table}`);
  });
  driver.close();
  await assert.rejects(driver.getTableNames(), DriverClosedError);
});

test("an expired transaction is recognised", async () => {
  const lambda = async (txn) => {
    await fetch(`${config.endpoint}/_harness/clock`, { method: "POST", body: '{"advance": "40s"}' });
    return txn.getTransactionId();
  };
  await assert.rejects(open(ledger, 1, 0).executeLambda(lambda, new RetryConfig(0)),
    (error) => isTransactionExpiredException(error));
});

test("a session begins and aborts transactions for as long as it is asked to", async () => {
  const driver = open(ledger, 1);
  for (let i = 0; i < 300; i++) {
    await driver.executeLambda(async (txn) => {
      await txn.execute(`SELECT * FROM ${table}`);
      await txn.abort();
    }).catch((error) => assert.equal(error.name, "LambdaAbortedError"));
  }
});
