//go:build !tinygo

package classify

import (
	"reflect"

	"github.com/steadfetch/steadfetch/internal/httperror"
	"github.com/steadfetch/steadfetch/internal/jsonscan"
)

// gather fills in f from the outermost error of a chain that has facts of a response
// or an earlier verdict. It reports whether there is one.
//
// SDKs keep the facts in methods (AWS), or in fields of types that this package does not
// import: openai-go and anthropic-sdk-go in StatusCode, Request and Response, Google's
// in Code, Header and Body, Azure's in StatusCode and RawResponse, Cohere's in
// StatusCode and Header.
func gather(err error, f *Failure) bool {
	v := reflect.ValueOf(err)
	if v.Kind() == reflect.Pointer && v.IsNil() {
		return false
	}
	e := structOf(v)
	response := structOf(field(e, "Response"))
	if !response.IsValid() {
		response = structOf(field(e, "RawResponse"))
	}
	f.Verdict = verdictOf(e)
	f.Status = statusOf(err, e, response)
	f.Body = bodyOf(err, e)
	f.Headers = headersOf(v, e, response)
	if f.Verdict != nil || f.Status != 0 || f.Body != "" || f.Headers != nil {
		f.URL = urlOf(e, response)
		return true
	}
	switch err := err.(type) {
	case interface{ Unwrap() error }:
		inner := err.Unwrap()
		return inner != nil && gather(inner, f)
	case interface{ Unwrap() []error }:
		for _, inner := range err.Unwrap() {
			if inner != nil && gather(inner, f) {
				return true
			}
		}
	}
	return false
}

// verdictOf returns the earlier verdict that an error has, nil if none.
func verdictOf(e reflect.Value) *Verdict {
	if v, ok := interfaceOf(field(e, "Verdict")).(Verdict); ok && v.Kind != "" {
		return &v
	}
	return nil
}

// urlOf returns the address of the request that an error has, "" if none.
func urlOf(e, response reflect.Value) string {
	request := structOf(field(e, "Request"))
	if !request.IsValid() {
		request = structOf(field(response, "Request"))
	}
	url := field(request, "URL")
	if text, ok := interfaceOf(url).(interface{ String() string }); ok && structOf(url).IsValid() {
		return text.String()
	}
	return ""
}

// statusOf returns the HTTP status that an error has, 0 if none.
func statusOf(err error, e, response reflect.Value) int {
	switch err := err.(type) {
	case interface{ StatusCode() int }:
		return err.StatusCode()
	case interface{ HTTPStatusCode() int }:
		return err.HTTPStatusCode()
	}
	for _, v := range [...]reflect.Value{field(e, "StatusCode"), field(e, "HTTPStatusCode"), field(response, "StatusCode")} {
		if v.CanInt() && v.Int() > 0 {
			return int(v.Int())
		}
	}
	// Google's errors call it Code, a name that other errors use for other things.
	if code := field(e, "Code"); code.CanInt() && field(e, "Message").IsValid() && code.Int() >= 400 && code.Int() <= 599 {
		return int(code.Int())
	}
	return 0
}

// headersOf returns the headers that the error or its response has, nil if none.
func headersOf(v, e, response reflect.Value) Headers {
	for _, header := range [...]reflect.Value{headerMethod(v), field(e, "Header"), field(response, "Header")} {
		multi := reflect.TypeFor[map[string][]string]()
		if !header.IsValid() || header.Kind() != reflect.Map || header.Len() == 0 || !header.CanInterface() || !header.CanConvert(multi) {
			continue
		}
		return httperror.Headers(header.Convert(multi).Interface().(map[string][]string))
	}
	return nil
}

// headerMethod returns the result of v's method Header, if it has one with no
// arguments and one result.
func headerMethod(v reflect.Value) reflect.Value {
	m := v.MethodByName("Header")
	if !m.IsValid() || m.Type().NumIn() != 0 || m.Type().NumOut() != 1 {
		return reflect.Value{}
	}
	return m.Call(nil)[0]
}

// bodyOf returns the body that an error has, up to httperror.MaxBody, "" if none.
func bodyOf(err error, e reflect.Value) (body string) {
	raw, ok := err.(interface{ RawJSON() string })
	text := field(e, "Body")
	switch {
	case ok:
		body = raw.RawJSON()
		if v := jsonscan.Parse(body); v.Kind() == jsonscan.Object && !v.Has("error") {
			body = `{"error":` + body + `}` // openai-go keeps only the member "error"
		}
	case text.Kind() == reflect.String:
		body = text.String()
	case text.Kind() == reflect.Slice && text.Type().Elem().Kind() == reflect.Uint8:
		body = string(text.Bytes())
	}
	return body[:min(len(body), httperror.MaxBody)]
}

// structOf returns the struct that v is or points to, the zero Value if there is none.
func structOf(v reflect.Value) reflect.Value {
	for v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
		v = v.Elem()
	}
	if v.Kind() != reflect.Struct {
		return reflect.Value{}
	}
	return v
}

// field returns a field of a struct, or of one that it embeds, the zero Value if there
// is none.
func field(v reflect.Value, name string) reflect.Value {
	if !v.IsValid() {
		return v
	}
	at, ok := v.Type().FieldByName(name)
	if !ok {
		return reflect.Value{}
	}
	found, err := v.FieldByIndexErr(at.Index) // an embedded pointer may be nil
	if err != nil {
		return reflect.Value{}
	}
	return found
}

func interfaceOf(v reflect.Value) any {
	if !v.IsValid() || !v.CanInterface() {
		return nil
	}
	return v.Interface()
}
