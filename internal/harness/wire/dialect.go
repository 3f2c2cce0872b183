package wire

// What a service's front end says for itself, before or around the operation, in the service's own code and words.

func isKMS(s *Service) bool { return s != nil && s.Protocol == AWSJSON11 && s.SigningName == "kms" }

// throttled is the answer to too many requests.
// Source: AWS KMS Developer Guide, "Throttling AWS KMS requests"; Amazon QLDB Developer Guide, "Driver errors".
func throttled(s *Service) *Fault {
	switch {
	case isKMS(s):
		return Faultf("ThrottlingException",
			"You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls.")
	case s.Protocol == AWSJSON10:
		return Faultf("RateExceededException", "The rate was exceeded")
	case s.Protocol == Query:
		return Faultf("Throttling", "Rate exceeded")
	}
	return Faultf("ThrottlingException", "Rate exceeded")
}

// internal is the answer to our own defects. s is nil when the request was not routed.
// Source: KMS API reference, "Common errors" and KMSInternalException.
func internal(s *Service) *Fault {
	if isKMS(s) {
		return &Fault{Code: "KMSInternalException", Status: 500,
			Message: "The request was rejected because an internal exception occurred. The request can be retried."}
	}
	return &Fault{Code: "InternalFailure", Status: 500,
		Message: "The request processing has failed because of an unknown error, exception or failure."}
}

// authFault makes a fault about the caller's identity. code is the one of the JSON protocols; Query services drop
// its "Exception" or use another word.
func authFault(s *Service, code, text string) *Fault {
	fault := &Fault{Code: code, Message: text, Status: 403}
	switch s.Protocol {
	case AWSJSON10, AWSJSON11:
		fault.Status = 400
	case Query:
		fault.Code = queryAuthCode[code]
		if code == codeIncomplete {
			fault.Status = 400
		}
	}
	return fault
}

// The codes of faults about identity in the JSON protocols.
const (
	codeMissing    = "MissingAuthenticationTokenException"
	codeIncomplete = "IncompleteSignatureException"
	codeUnknownKey = "UnrecognizedClientException"
	codeSignature  = "InvalidSignatureException"
	codeExpired    = "ExpiredTokenException"
)

var queryAuthCode = map[string]string{
	codeMissing:    "MissingAuthenticationToken",
	codeIncomplete: "IncompleteSignature",
	codeUnknownKey: "InvalidClientTokenId",
	codeSignature:  "SignatureDoesNotMatch",
	codeExpired:    "ExpiredToken",
}

func missingToken(s *Service) *Fault {
	if s.Protocol == Query {
		return authFault(s, codeMissing, "Request is missing Authentication Token")
	}
	return authFault(s, codeMissing, "Missing Authentication Token")
}
