"""What users of Amazon's Python SDK rely on, with the SDK as Debian packs it, against the harness at AWS_ENDPOINT_URL."""

import base64
import json
import os
import re
import unittest
import urllib.request

import boto3
import botocore.exceptions

from ionwire import dot, ion_hash, scalar

ENDPOINT = os.environ["AWS_ENDPOINT_URL"]
LEDGER = "boto3"


def client(service, **credentials):
    return boto3.client(service, endpoint_url=ENDPOINT, **credentials)


def advance(duration):
    request = urllib.request.Request(f"{ENDPOINT}/_harness/clock", json.dumps({"advance": duration}).encode())
    urllib.request.urlopen(request).close()


qldb, session, kms, iam = client("qldb"), client("qldb-session"), client("kms"), client("iam")


class Session:
    """One session and its transactions, as a driver keeps them."""

    def __init__(self, ledger=LEDGER, by=session):
        self.by = by
        self.started = by.send_command(StartSession={"LedgerName": ledger})
        self.token = self.started["StartSession"]["SessionToken"]

    def send(self, **command):
        (answer,) = (v for k, v in self.by.send_command(SessionToken=self.token, **command).items() if k in command)
        return answer

    def begin(self):
        self.id = self.send(StartTransaction={})["TransactionId"]
        self.digest = ion_hash(self.id)

    def execute(self, statement, *parameters):
        texts = [json.dumps(p) for p in parameters]
        hashed = ion_hash(statement)
        for text in texts:
            hashed = dot(hashed, ion_hash(json.loads(text)))  # of what is sent
        self.digest = dot(self.digest, hashed)
        result = self.send(ExecuteStatement={
            "TransactionId": self.id, "Statement": statement, "Parameters": [{"IonText": text} for text in texts]})
        values, token = result["FirstPage"]["Values"], result["FirstPage"].get("NextPageToken")
        self.pages, self.reads = 1, result["ConsumedIOs"]["ReadIOs"]
        while token is not None:
            result = self.send(FetchPage={"TransactionId": self.id, "NextPageToken": token})
            values, token = values + result["Page"]["Values"], result["Page"].get("NextPageToken")
            self.pages, self.reads = self.pages + 1, self.reads + result["ConsumedIOs"]["ReadIOs"]
        return [v["IonBinary"] for v in values]

    def commit(self):
        result = self.send(CommitTransaction={"TransactionId": self.id, "CommitDigest": self.digest})
        assert (result["TransactionId"], result["CommitDigest"]) == (self.id, self.digest), result

    def transact(self, *statements):
        """Runs statements, each a text or a text with its parameters, and returns the rows of the last one."""
        self.begin()
        for statement in statements:
            rows = self.execute(*([statement] if isinstance(statement, str) else statement))
        self.commit()
        return rows


class Checklist(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.key = kms.create_key()["KeyMetadata"]
        created = qldb.create_ledger(Name=LEDGER, PermissionsMode="STANDARD", KmsKey=cls.key["KeyId"])
        assert (created["State"], created["KmsKeyArn"]) == ("CREATING", cls.key["Arn"]), created
        advance("10s")
        cls.session = Session()
        cls.session.transact("CREATE TABLE Vehicle")
        cls.session.transact("CREATE INDEX ON Vehicle (VIN)")

    def refused(self, call, code, status, message, **arguments):
        with self.assertRaises(botocore.exceptions.ClientError) as caught:
            call(**arguments)
        answer = caught.exception.response
        got = answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]
        self.assertEqual(got, (code, status), answer)
        self.assertRegex(answer["Error"]["Message"], message)
        self.assertRegex(answer["ResponseMetadata"]["RequestId"], r"^[0-9A-Za-z-]{22,}$")
        return caught.exception

    def test_hashes(self):
        """The published vectors: what follows stands on them."""
        transaction = "I1pH6SCujBW0JYpPoLQT02"
        statement = dot(dot(ion_hash("SELECT 1"), ion_hash({"a": 1})), ion_hash("x"))
        digest = dot(dot(ion_hash(transaction), statement), ion_hash("it''s"))
        self.assertEqual(base64.b64encode(digest), b"F0P6uNLc0zKEa3sFWdQdNYpZF+/5Jzc3vukgtXIRqqc=")

    def test_describe(self):
        ledger = qldb.describe_ledger(Name=LEDGER)
        self.assertEqual((ledger["State"], ledger["PermissionsMode"], ledger["DeletionProtection"]),
                         ("ACTIVE", "STANDARD", True))
        encryption = ledger["EncryptionDescription"]
        self.assertEqual((encryption["KmsKeyArn"], encryption["EncryptionStatus"]), (self.key["Arn"], "ENABLED"))
        self.assertIn(LEDGER, [found["Name"] for found in qldb.list_ledgers()["Ledgers"]])

    def test_update(self):
        name = "boto3-update"
        qldb.create_ledger(Name=name, PermissionsMode="ALLOW_ALL", Tags={"a": "1"})
        advance("10s")
        arn = qldb.describe_ledger(Name=name)["Arn"]
        qldb.tag_resource(ResourceArn=arn, Tags={"b": "2"})
        self.assertEqual(qldb.list_tags_for_resource(ResourceArn=arn)["Tags"], {"a": "1", "b": "2"})
        updated = qldb.update_ledger(Name=name, KmsKey=self.key["Arn"])
        self.assertEqual(updated["EncryptionDescription"]["EncryptionStatus"], "UPDATING")
        advance("1h")
        encryption = qldb.describe_ledger(Name=name)["EncryptionDescription"]
        self.assertEqual((encryption["KmsKeyArn"], encryption["EncryptionStatus"]), (self.key["Arn"], "ENABLED"))
        mode = qldb.update_ledger_permissions_mode(Name=name, PermissionsMode="STANDARD")
        self.assertEqual(mode["PermissionsMode"], "STANDARD")
        self.refused(qldb.delete_ledger, "ResourcePreconditionNotMetException", 412, "protect", Name=name)
        self.assertFalse(qldb.update_ledger(Name=name, DeletionProtection=False)["DeletionProtection"])
        qldb.delete_ledger(Name=name)
        advance("1h")
        self.refused(qldb.describe_ledger, "ResourceNotFoundException", 404, name, Name=name)

    def test_disabled_key(self):
        name, key = "boto3-disabled", kms.create_key()["KeyMetadata"]["KeyId"]
        qldb.create_ledger(Name=name, PermissionsMode="ALLOW_ALL", KmsKey=key)
        advance("10s")
        kms.disable_key(KeyId=key)
        advance("10s")
        encryption = qldb.describe_ledger(Name=name)["EncryptionDescription"]
        self.assertEqual(encryption["EncryptionStatus"], "KMS_KEY_INACCESSIBLE")
        self.assertEqual(encryption["InaccessibleKmsKeyDateTime"].tzinfo.utcoffset(None).total_seconds(), 0)

    def test_transaction(self):
        rows = self.session.transact(
            ("INSERT INTO Vehicle ?", {"VIN": "KM8SRDHF6EU074761", "Year": 2014}),
            ("SELECT VALUE v.VIN FROM Vehicle AS v WHERE v.VIN = ?", "KM8SRDHF6EU074761"))
        self.assertEqual([scalar(row) for row in rows], ["KM8SRDHF6EU074761"])
        self.assertEqual(self.session.reads, 1)
        rows = self.session.transact(("UPDATE Vehicle SET Color = ? WHERE VIN = ?", "blue", "KM8SRDHF6EU074761"),
                                     "SELECT VALUE Color FROM Vehicle WHERE VIN = 'KM8SRDHF6EU074761'")
        self.assertEqual([scalar(row) for row in rows], ["blue"])

    def test_pages(self):
        self.session.transact("CREATE TABLE Pages")
        for first in range(0, 240, 40):
            documents = [{"n": n} for n in range(first, first + 40)]
            self.session.transact((f"INSERT INTO Pages <<{', '.join('?' * 40)}>>", *documents))
        rows = self.session.transact("SELECT VALUE n FROM Pages")
        self.assertEqual(sorted(scalar(row) for row in rows), list(range(240)))
        self.assertGreater(self.session.pages, 1)
        self.assertEqual(self.session.reads, 240)

    def test_session(self):
        """A session's id is the request id of the answer that started it."""
        other = Session()
        self.assertRegex(other.started["ResponseMetadata"]["HTTPHeaders"]["x-amzn-requestid"], r"^[0-9A-Za-z]{22}$")
        other.begin()
        other.send(AbortTransaction={})
        other.send(AbortTransaction={})
        other.send(EndSession={})
        self.refused(other.send, "InvalidSessionException", 400, "^No such session$", StartTransaction={})

    def test_proof(self):
        self.session.transact(("INSERT INTO Vehicle ?", {"VIN": "PROVED"}))
        where = "FROM _ql_committed_Vehicle WHERE data.VIN = 'PROVED'"
        document = scalar(self.session.transact(f"SELECT VALUE metadata.id {where}")[0])
        number = scalar(self.session.transact(f"SELECT VALUE blockAddress.sequenceNo {where}")[0])
        digest = qldb.get_digest(Name=LEDGER)
        self.assertEqual(len(digest["Digest"]), 32)
        tip = digest["DigestTipAddress"]
        strand = re.search(r'strandId:\s*"([0-9A-Za-z]{22})"', tip["IonText"]).group(1)
        address = {"IonText": f'{{strandId:"{strand}",sequenceNo:{number}}}'}
        block = qldb.get_block(Name=LEDGER, BlockAddress=address, DigestTipAddress=tip)
        self.assertIn("INSERT INTO Vehicle ?", block["Block"]["IonText"])
        found = qldb.get_revision(Name=LEDGER, BlockAddress=address, DocumentId=document, DigestTipAddress=tip)
        revision, proof = found["Revision"]["IonText"], found["Proof"]["IonText"]
        self.assertIn("PROVED", revision)
        (root,) = re.findall(r"hash:\s*{{(.*?)}}", revision)
        root = base64.b64decode(root)
        for step in re.findall(r"{{(.*?)}}", proof):
            root = dot(root, base64.b64decode(step))
        self.assertEqual(root, digest["Digest"])

    def test_control_plane_refusals(self):
        error = self.refused(qldb.describe_ledger, "ResourceNotFoundException", 404, "nowhere", Name="nowhere")
        self.assertIsInstance(error, qldb.exceptions.ResourceNotFoundException)
        error = self.refused(qldb.create_ledger, "ResourceAlreadyExistsException", 409, LEDGER,
                             Name=LEDGER, PermissionsMode="STANDARD")
        self.assertIsInstance(error, qldb.exceptions.ResourceAlreadyExistsException)
        self.refused(qldb.describe_ledger, "InvalidParameterException", 400, "not--a-name", Name="not--a-name")
        self.refused(qldb.get_digest, "ResourceNotFoundException", 404, "nowhere", Name="nowhere")

    def test_statement_refusals(self):
        self.session.begin()
        for statement, message in [
            ("DELETE FROM NonExistentTable", "^Semantic Error: at line 1, column 13: No such variable named"),
            ("Person", "^Unsupported PartiQL Statement"),
            ("CREATE TABLE Vehicle", "^Table with name: USER.Vehicle already exists$"),
            ("SELECT * FROM Vehicle WHERE VIN = ?", "^Query expects 1 parameters, but statement has 0$"),
        ]:
            with self.subTest(statement):
                error = self.refused(self.session.execute, "BadRequestException", 400, message, statement=statement)
                self.assertIsInstance(error, session.exceptions.BadRequestException)
        self.session.send(AbortTransaction={})

    def test_session_refusals(self):
        other = Session()
        other.begin()
        self.refused(other.send, "BadRequestException", 400, "^Transaction already open$", StartTransaction={})
        self.refused(other.send, "BadRequestException", 400, "^Digests don't match$", CommitTransaction={
            "TransactionId": other.id, "CommitDigest": ion_hash("another")})
        self.refused(session.send_command, "BadRequestException", 400, "^The parameter SessionToken is not valid$",
                     SessionToken="AAAA", StartTransaction={})
        self.refused(Session, "BadRequestException", 400, "nowhere", ledger="nowhere")
        other.send(AbortTransaction={})
        other.begin()
        advance("40s")
        error = self.refused(other.commit, "InvalidSessionException", 400, f"^Transaction {other.id} has expired$")
        self.assertIsInstance(error, session.exceptions.InvalidSessionException)

    def test_conflict(self):
        self.session.transact(("INSERT INTO Vehicle ?", {"VIN": "CONTESTED"}))
        update = "UPDATE Vehicle SET Color = 'red' WHERE VIN = 'CONTESTED'"
        other = Session()
        other.begin()
        other.execute(update)
        self.session.transact(update)
        error = self.refused(other.commit, "OccConflictException", 400, "^Optimistic concurrency control")
        self.assertIsInstance(error, session.exceptions.OccConflictException)
        other.transact(update)

    def test_access(self):
        """Someone without any permission, and someone whose key or secret is wrong."""
        iam.create_user(UserName="stranger")
        made = iam.create_access_key(UserName="stranger")["AccessKey"]
        key = {"aws_access_key_id": made["AccessKeyId"], "aws_secret_access_key": made["SecretAccessKey"]}
        stranger = r"user/stranger is not authorized to perform: qldb:"
        self.refused(client("qldb", **key).describe_ledger, "AccessDeniedException", 403, stranger, Name=LEDGER)
        self.refused(Session, "AccessDeniedException", 400, stranger, by=client("qldb-session", **key))
        wrong = client("qldb", **{**key, "aws_secret_access_key": "wrong"})
        self.refused(wrong.describe_ledger, "InvalidSignatureException", 403, "does not match", Name=LEDGER)
        unknown = client("qldb", **{**key, "aws_access_key_id": "AKIAIOSFODNN7EXAMPLE"})
        self.refused(unknown.describe_ledger, "UnrecognizedClientException", 403, "security token", Name=LEDGER)


if __name__ == "__main__":
    unittest.main(warnings="ignore")
