package upstream

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/delivery"
)

// Objects are the buckets of a service that speaks the protocol of S3. Its methods may be called concurrently.
type Objects struct {
	client  *s3.Client
	roles   *roles
	where   string
	timeout time.Duration
}

// NewObjects returns the buckets of a service. At an endpoint of its own a bucket is named in the path, for its name
// need not be one that the domain name system knows.
func NewObjects(o Options) *Objects {
	return &Objects{
		client: s3.NewFromConfig(o.SDK, func(c *s3.Options) {
			c.UsePathStyle = o.SDK.BaseEndpoint != nil
		}),
		roles: newRoles(o), where: o.Where, timeout: o.Timeout,
	}
}

// Put writes an object, in place of the one that has its key, encrypted as asked. The service checks the content by
// its SHA-256 hash before it takes it.
//
// Errors: those of S3; *delivery.Refusal with the code ServiceUnavailable, or with InvalidEncryptionAlgorithmError for
// a service that did not encrypt: the object is there then. That of ctx.
//
// Source: Amazon S3 API reference, PutObject; QLDB developer guide, "Requesting a journal export", for the permission
// s3:PutObjectAcl, which only an object with an ACL needs.
func (o *Objects) Put(ctx context.Context, object delivery.Object) error {
	sum := sha256.Sum256(object.Body)
	in := &s3.PutObjectInput{
		Bucket: &object.Bucket, Key: &object.Key, ContentType: &object.ContentType, Body: bytes.NewReader(object.Body),
		// In a header. The SDK's own choice, a trailer behind a body in chunks, is not understood by all who speak the
		// protocol.
		ChecksumSHA256: aws.String(base64.StdEncoding.EncodeToString(sum[:])),
		ACL:            types.ObjectCannedACLBucketOwnerFullControl,
	}
	switch object.Encryption {
	case "SSE_KMS":
		in.ServerSideEncryption, in.SSEKMSKeyId = types.ServerSideEncryptionAwsKms, &object.KMSKeyARN
	case "SSE_S3":
		in.ServerSideEncryption = types.ServerSideEncryptionAes256
	}
	within, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	out, err := o.client.PutObject(within, in, func(c *s3.Options) {
		c.Region, c.Credentials = object.Region, o.roles.as(object.RoleARN, object.Region)
	})
	switch {
	case err != nil:
		return worded(ctx, o.where, err, "ServiceUnavailable", "AccessDenied")
	case aws.ToString(out.ETag) == "": // such as the page of a proxy
		return &delivery.Refusal{Code: "ServiceUnavailable", Message: o.where + " gives no answer that S3 would give"}
	case in.ServerSideEncryption != "" && out.ServerSideEncryption != in.ServerSideEncryption:
		return &delivery.Refusal{
			Code: "InvalidEncryptionAlgorithmError", Message: o.where + " does not encrypt objects with " +
				object.Encryption + ": it wrote " + object.Key + " without. Ask for NO_ENCRYPTION if that is meant",
		}
	}
	return nil
}
