// Package stub is a server for tests that speaks as much of S3, Kinesis Data Streams, STS as deliveries need.
//
// It is written from the API references, not from the clients: signatures are checked by hand, and so is every hash.
// Unlike the services, it fails on demand. What no service would have been asked is kept as a complaint.
package stub

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// The credentials that a Server knows, and those of the role that it lets them assume.
const (
	OwnID, OwnSecret   = "AKIAOWNEXAMPLE", "own secret"
	RoleID, RoleSecret = "ASIAROLEEXAMPLE", "secret of the role"
	RoleToken          = "token of the role"
	RoleARN            = "arn:aws:iam::111122223333:role/deliver"
)

// Server is the server. Its fields may be set before it is used, and read and set between requests with the lock held.
type Server struct {
	sync.Mutex // held while a request is answered
	// Fail is called before a request is done and, when it returns true, has answered it. nil fails none.
	Fail       func(w http.ResponseWriter, r *http.Request, body []byte) bool
	NoSSE      bool              // takes the encryption headers and does nothing about them
	Objects    map[string]Object // by bucket/key
	Buckets    map[string]bool
	Streams    map[string]*Stream // by name
	Callers    []string           // service and access key id, by request
	Sizes      []int              // of each PutRecords, in records
	Complaints []string
}

// Object is what was put.
type Object struct {
	Body   string
	Header http.Header // of the request
}

// Stream is a data stream.
type Stream struct {
	ARN, Status string
	Records     []string // data, as it arrived
	// Refuse says that a record is not taken now; nil takes all.
	Refuse func(data string) bool
}

// New returns a Server without buckets and streams.
func New() *Server {
	return &Server{Objects: map[string]Object{}, Buckets: map[string]bool{}, Streams: map[string]*Stream{}}
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	s.Lock()
	defer s.Unlock()
	if err != nil {
		s.complain("read a request: %v", err)
		return
	}
	id, service, err := signedBy(r, body)
	if err != nil {
		s.complain("%s %s: %v", r.Method, r.URL, err)
		w.WriteHeader(http.StatusForbidden)
		return
	}
	s.Callers = append(s.Callers, service+" "+id)
	switch {
	case s.Fail != nil && s.Fail(w, r, body):
	case service == "s3":
		s.putObject(w, r, body)
	case service == "kinesis":
		s.kinesis(w, r, body)
	case service == "sts":
		s.assumeRole(w, body)
	}
}

func (s *Server) complain(format string, args ...any) {
	s.Complaints = append(s.Complaints, fmt.Sprintf(format, args...))
}

// XMLFault answers as S3 does.
func XMLFault(w http.ResponseWriter, status int, code, message string) {
	w.WriteHeader(status)
	fmt.Fprintf(w, "<Error><Code>%s</Code><Message>%s</Message></Error>", code, message)
}

// JSONFault answers as Kinesis does.
func JSONFault(w http.ResponseWriter, code, message string) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.WriteHeader(http.StatusBadRequest)
	fmt.Fprintf(w, `{"__type": %q, "message": %q}`, code, message)
}

func (s *Server) putObject(w http.ResponseWriter, r *http.Request, body []byte) {
	sum := sha256.Sum256(body)
	bucket, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	found := s.Buckets[bucket]
	sse := r.Header.Get("X-Amz-Server-Side-Encryption")
	switch {
	case r.Method != http.MethodPut:
		XMLFault(w, http.StatusMethodNotAllowed, "MethodNotAllowed", r.Method)
	case r.Header.Get("Content-Encoding") != "" || r.Header.Get("X-Amz-Trailer") != "":
		XMLFault(w, http.StatusNotImplemented, "NotImplemented", "chunks and trailers are not understood")
	case r.Header.Get("X-Amz-Checksum-Sha256") != base64.StdEncoding.EncodeToString(sum[:]):
		XMLFault(w, http.StatusBadRequest, "BadDigest", "The SHA256 you specified did not match the calculated checksum.")
	case !found:
		XMLFault(w, http.StatusNotFound, "NoSuchBucket", "The specified bucket does not exist")
	default:
		s.Objects[strings.TrimPrefix(r.URL.Path, "/")] = Object{string(body), r.Header.Clone()}
		if sse != "" && !s.NoSSE {
			w.Header().Set("X-Amz-Server-Side-Encryption", sse)
		}
		w.Header().Set("ETag", `"`+hex.EncodeToString(sum[:16])+`"`)
	}
}

func (s *Server) kinesis(w http.ResponseWriter, r *http.Request, body []byte) {
	type record struct {
		Data         []byte
		PartitionKey string
	}
	var in struct {
		StreamName, StreamARN string
		Records               []record
	}
	if err := json.Unmarshal(body, &in); err != nil {
		JSONFault(w, "SerializationException", err.Error())
		return
	}
	to := s.Streams[in.StreamName]
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	switch {
	case to == nil || to.ARN != in.StreamARN:
		JSONFault(w, "ResourceNotFoundException", "Stream "+in.StreamName+" not found.")
	case operation == "DescribeStream":
		fmt.Fprintf(w, `{"StreamDescription": {"StreamName": %q, "StreamARN": %q, "StreamStatus": %q, "Shards": [],
			"HasMoreShards": false, "RetentionPeriodHours": 24, "EnhancedMonitoring": [], "StreamCreationTimestamp": 1}}`,
			in.StreamName, to.ARN, to.Status)
	case operation == "PutRecords" && slices.ContainsFunc(in.Records, func(r record) bool { return len(r.Data) > 1<<20 }):
		JSONFault(w, "ValidationException", "Member must have length less than or equal to 1048576")
	case operation == "PutRecords":
		s.Sizes = append(s.Sizes, len(in.Records))
		total := 0
		var out struct {
			FailedRecordCount int
			Records           []map[string]string
		}
		for _, rec := range in.Records {
			total += len(rec.Data) + len(rec.PartitionKey)
			if to.Refuse != nil && to.Refuse(string(rec.Data)) {
				out.FailedRecordCount++
				out.Records = append(out.Records, map[string]string{
					"ErrorCode": "ProvisionedThroughputExceededException", "ErrorMessage": "Rate exceeded for shard",
				})
				continue
			}
			to.Records = append(to.Records, string(rec.Data))
			out.Records = append(out.Records, map[string]string{
				"SequenceNumber": strconv.Itoa(len(to.Records)), "ShardId": "shardId-000000000000",
			})
		}
		if len(in.Records) > 500 || total > 5<<20 {
			s.complain("PutRecords: %d records of %d bytes", len(in.Records), total)
		}
		if err := json.NewEncoder(w).Encode(out); err != nil {
			s.complain("answer: %v", err)
		}
	default:
		JSONFault(w, "UnknownOperationException", operation)
	}
}

func (s *Server) assumeRole(w http.ResponseWriter, body []byte) {
	in, err := url.ParseQuery(string(body))
	if err != nil || in.Get("Action") != "AssumeRole" {
		XMLFault(w, http.StatusBadRequest, "InvalidAction", in.Get("Action"))
		return
	}
	if in.Get("RoleArn") != RoleARN {
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprint(w, "<ErrorResponse><Error><Code>AccessDenied</Code><Message>not authorized to perform: "+
			"sts:AssumeRole</Message></Error></ErrorResponse>")
		return
	}
	_, err = fmt.Fprintf(w, "%s<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>%s</AccessKeyId>"+
		"<SecretAccessKey>%s</SecretAccessKey><SessionToken>%s</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration>"+
		"</Credentials></AssumeRoleResult></AssumeRoleResponse>", xml.Header, RoleID, RoleSecret, RoleToken)
	if err != nil {
		s.complain("answer: %v", err)
	}
}

// signedBy checks the signature of a request and the hash of its content, and returns whose access key and which
// service it names.
//
// Source: IAM User Guide, "Create a signed AWS API request".
func signedBy(r *http.Request, body []byte) (id, service string, err error) {
	field := map[string]string{}
	rest, ok := strings.CutPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 ")
	for part := range strings.SplitSeq(rest, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		field[name] = value
	}
	scope := strings.Split(field["Credential"], "/")
	if !ok || len(scope) != 5 || scope[4] != "aws4_request" {
		return "", "", fmt.Errorf("Authorization %q", r.Header.Get("Authorization"))
	}
	secret := map[string]string{OwnID: OwnSecret, RoleID: RoleSecret}[scope[0]]
	if token := r.Header.Get("X-Amz-Security-Token"); token != map[string]string{RoleID: RoleToken}[scope[0]] {
		return "", "", fmt.Errorf("session token %q of %s", token, scope[0])
	}
	sum := sha256.Sum256(body)
	content := hex.EncodeToString(sum[:])
	switch said := r.Header.Get("X-Amz-Content-Sha256"); {
	case scope[3] == "s3" && r.TLS != nil && said == "UNSIGNED-PAYLOAD":
		content = said
	case scope[3] == "s3" && said != content:
		return "", "", fmt.Errorf("content hash %q", said)
	}
	signed := strings.Split(field["SignedHeaders"], ";")
	if !slices.Contains(signed, "host") {
		return "", "", fmt.Errorf("signed headers %q", signed)
	}
	text := r.Method + "\n" + r.URL.EscapedPath() + "\n" + r.URL.Query().Encode() + "\n"
	for _, name := range signed {
		value := strings.Join(r.Header.Values(name), ",")
		switch name {
		case "host":
			value = r.Host
		case "content-length":
			value = strconv.FormatInt(r.ContentLength, 10)
		}
		text += name + ":" + strings.TrimSpace(value) + "\n"
	}
	canonical := sha256.Sum256([]byte(text + "\n" + field["SignedHeaders"] + "\n" + content))
	key := []byte("AWS4" + secret)
	for _, part := range scope[1:] {
		key = mac(key, part)
	}
	want := hex.EncodeToString(mac(key, "AWS4-HMAC-SHA256\n"+r.Header.Get("X-Amz-Date")+"\n"+
		strings.Join(scope[1:], "/")+"\n"+hex.EncodeToString(canonical[:])))
	if secret == "" || field["Signature"] != want {
		return "", "", fmt.Errorf("signature of %s is wrong", scope[0])
	}
	return scope[0], scope[3], nil
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}
