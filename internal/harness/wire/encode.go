package wire

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"maps"
	"net/http"
)

// encode frames the operation's output.
func (s *Server) encode(x *exchange) error {
	x.answer = answer{status: http.StatusOK, header: map[string]string{"Content-Type": contentType(x.service)}}
	var err error
	switch {
	case x.service.Protocol == Query:
		x.answer.body, err = encodeXML(x)
	case x.out != nil:
		x.answer.body, err = encodeJSON(x.out)
	}
	if err != nil {
		return fmt.Errorf("encode %s: %w", x.call.Operation, err)
	}
	return nil
}

func contentType(s *Service) string {
	switch s.Protocol {
	case AWSJSON10:
		return "application/x-amz-json-1.0"
	case AWSJSON11:
		return "application/x-amz-json-1.1"
	case Query:
		return "text/xml"
	}
	return "application/json"
}

func encodeJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

type responseMetadata struct {
	RequestID string `xml:"RequestId"`
}

func encodeXML(x *exchange) ([]byte, error) {
	var b bytes.Buffer
	enc := xml.NewEncoder(&b)
	root := element(x.call.Operation + "Response")
	if x.service.XMLNamespace != "" {
		root.Attr = []xml.Attr{{Name: xml.Name{Local: "xmlns"}, Value: x.service.XMLNamespace}}
	}
	if err := enc.EncodeToken(root); err != nil {
		return nil, err
	}
	if x.out != nil {
		if err := enc.EncodeElement(x.out, element(x.call.Operation+"Result")); err != nil {
			return nil, err
		}
	}
	meta := responseMetadata{x.call.RequestID}
	if err := enc.EncodeElement(meta, element("ResponseMetadata")); err != nil {
		return nil, err
	}
	if err := enc.EncodeToken(root.End()); err != nil {
		return nil, err
	}
	err := enc.Close()
	return b.Bytes(), err
}

func element(name string) xml.StartElement { return xml.StartElement{Name: xml.Name{Local: name}} }

type errorResponse struct {
	XMLName   xml.Name `xml:"ErrorResponse"`
	Namespace string   `xml:"xmlns,attr,omitempty"`
	Type      string   `xml:"Error>Type"`
	Code      string   `xml:"Error>Code"`
	Message   string   `xml:"Error>Message"`
	RequestID string   `xml:"RequestId"`
}

// encodeFault frames fault in the protocol of the request's service.
func encodeFault(x *exchange, fault *Fault) answer {
	if x.service == nil {
		x.service = &Service{Protocol: RESTJSON}
	}
	a := answer{status: fault.Status, header: map[string]string{"Content-Type": contentType(x.service)}}
	if a.status == 0 {
		a.status = http.StatusBadRequest
	}
	var err error
	if x.service.Protocol == Query {
		kind := "Sender"
		if a.status >= 500 {
			kind = "Receiver"
		}
		a.body, err = xml.Marshal(errorResponse{Namespace: x.service.XMLNamespace, Type: kind, Code: fault.Code,
			Message: fault.Message, RequestID: x.call.RequestID})
	} else {
		a.header["X-Amzn-Errortype"] = fault.Code
		a.body, err = encodeJSON(faultMembers(x.service.Protocol, fault))
	}
	if err != nil { // strings always encode
		panic(fmt.Sprintf("encode fault %s: %v", fault.Code, err))
	}
	return a
}

// faultMembers is the body of a fault. The services differ in how they spell the text's name: KMS uses message, but
// Message for two codes, which get both here; both QLDB services use Message. A fault without text has neither.
func faultMembers(p Protocol, fault *Fault) map[string]string {
	m := maps.Clone(fault.Members)
	if m == nil {
		m = map[string]string{}
	}
	if p != RESTJSON {
		m["__type"] = fault.Code
	}
	if fault.Message == "" {
		return m
	}
	if p == AWSJSON11 {
		m["message"] = fault.Message
	}
	if p != AWSJSON11 || fault.Code == "AccessDeniedException" || fault.Code == "UnsupportedOperationException" {
		m["Message"] = fault.Message
	}
	return m
}
