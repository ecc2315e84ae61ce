// A customer pays, and the shop learns of it. Copy this test, put your own shop in place of shop.go, and run it:
//
//	go test
//
// WARUNG_URL is where Warung is told what the customer does, NOTIFICATION_URL where it reaches port 8000 of this machine.
package shop

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"
)

var (
	warungURL       = setting("WARUNG_URL", "http://127.0.0.1:6262")
	notificationURL = setting("NOTIFICATION_URL", "http://127.0.0.1:8000/")
)

// What Warung tells of the notifications that it sent.
type sent struct {
	Notifications []struct {
		Attempts []struct{ Status int }
	}
}

func TestACustomerPaysAtTheTillTheShopIsToldAndAForgeryIsRefused(t *testing.T) {
	listener, err := net.Listen("tcp", ":8000")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	heard := make(chan string, 10)
	go http.Serve(listener, NotificationHandler(func(n Transaction) { heard <- n.OrderID + " " + n.TransactionStatus }))
	warung(t, "PUT", "/admin/settings", fmt.Sprintf(`{"notification_urls": [%q]}`, notificationURL))

	orderID := fmt.Sprintf("go-%d", time.Now().UnixNano())
	charged, err := Charge(orderID, 44000)
	if err != nil {
		t.Fatal(err)
	}
	expect(t, "the charge", charged.TransactionStatus, "pending")
	expect(t, "the payment code", regexp.MustCompile("^[A-Z0-9]+$").MatchString(charged.PaymentCode), true)

	warung(t, "POST", "/admin/transactions/"+orderID+"/pay?wait=attempted", "")
	paid, err := StatusOf(orderID)
	if err != nil {
		t.Fatal(err)
	}
	expect(t, "the payment", paid.TransactionStatus, "settlement")
	expect(t, "what the shop heard", len(heard), 2)
	expect(t, "the first that it heard", <-heard, orderID+" pending")
	expect(t, "the second that it heard", <-heard, orderID+" settlement")

	forged := warung(t, "POST", "/admin/transactions/"+orderID+"/notify?wait=attempted", `{"tamper": "signature"}`)
	expect(t, "the answer to a forgery", forged.Notifications[0].Attempts[0].Status, 403)
	expect(t, "what the shop heard", len(heard), 0)
}

func warung(t *testing.T, method, path, body string) (reply sent) {
	t.Helper()
	request, err := http.NewRequest(method, warungURL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.SetBasicAuth(serverKey, "")
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	expect(t, path, response.StatusCode, 200)
	if err := json.NewDecoder(response.Body).Decode(&reply); err != nil {
		t.Fatal(err)
	}
	return reply
}

func expect(t *testing.T, what string, seen, wanted any) {
	t.Helper()
	if seen != wanted {
		t.Fatalf("%s: %v, not %v", what, seen, wanted)
	}
}
