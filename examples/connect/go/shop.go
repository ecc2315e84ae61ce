// Package shop is what a shop's backend has: it charges, asks how a payment stands, and takes notifications. Nothing here
// knows of Warung.
package shop

import (
	"bytes"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"os"
)

var (
	midtransURL = setting("MIDTRANS_URL", "https://api.sandbox.midtrans.com")
	serverKey   = setting("MIDTRANS_SERVER_KEY", "SB-Mid-server-warung")
)

// Transaction is what replies and notifications have in common.
type Transaction struct {
	OrderID           string `json:"order_id"`
	StatusCode        string `json:"status_code"`
	GrossAmount       string `json:"gross_amount"`
	TransactionStatus string `json:"transaction_status"`
	PaymentCode       string `json:"payment_code"`
	SignatureKey      string `json:"signature_key"`
}

func Charge(orderID string, amount int) (Transaction, error) {
	return call(http.MethodPost, "/v2/charge", map[string]any{
		"payment_type":        "cstore",
		"transaction_details": map[string]any{"order_id": orderID, "gross_amount": amount},
		"cstore":              map[string]any{"store": "alfamart", "message": "Order in my shop"},
	})
}

func StatusOf(orderID string) (Transaction, error) {
	return call(http.MethodGet, "/v2/"+orderID+"/status", nil)
}

// IsGenuine compares with the SHA-512 of order id, status code, amount and server key, with the texts exactly as the
// notification shows them.
func IsGenuine(n Transaction) bool {
	sum := sha512.Sum512([]byte(n.OrderID + n.StatusCode + n.GrossAmount + serverKey))
	return subtle.ConstantTimeCompare([]byte(hex.EncodeToString(sum[:])), []byte(n.SignatureKey)) == 1
}

// NotificationHandler is the notification URL: what is not genuine is refused and changes nothing.
func NotificationHandler(onNotification func(Transaction)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var notification Transaction
		if err := json.NewDecoder(r.Body).Decode(&notification); err != nil || !IsGenuine(notification) {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		onNotification(notification)
	}
}

func call(method, path string, body any) (reply Transaction, err error) {
	var content io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return reply, err
		}
		content = bytes.NewReader(text)
	}
	request, err := http.NewRequest(method, midtransURL+path, content)
	if err != nil {
		return reply, err
	}
	request.SetBasicAuth(serverKey, "")
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return reply, err
	}
	defer response.Body.Close()
	return reply, json.NewDecoder(response.Body).Decode(&reply)
}

func setting(name, fallback string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return fallback
}
