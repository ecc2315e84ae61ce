// The official client as it stands, with nothing but its key: go get github.com/midtrans/midtrans-go
package main

import (
	"fmt"
	"time"

	"github.com/midtrans/midtrans-go"
	"github.com/midtrans/midtrans-go/coreapi"
)

func main() {
	midtrans.ServerKey = "SB-Mid-server-warung"
	midtrans.Environment = midtrans.Sandbox

	first, second := fmt.Sprintf("official-go-1-%d", time.Now().UnixNano()), fmt.Sprintf("official-go-2-%d", time.Now().UnixNano())
	charge(first)
	status, err := coreapi.CheckTransaction(first)
	check(err)
	show("status", status.OrderID, status.TransactionStatus, status.StatusCode)
	cancelled, err := coreapi.CancelTransaction(first)
	check(err)
	show("cancel", cancelled.OrderID, cancelled.TransactionStatus, cancelled.StatusCode)
	charge(second)
	expired, err := coreapi.ExpireTransaction(second)
	check(err)
	show("expire", expired.OrderID, expired.TransactionStatus, expired.StatusCode)
}

func charge(orderID string) {
	reply, err := coreapi.ChargeTransaction(&coreapi.ChargeReq{
		PaymentType:        coreapi.PaymentTypeConvenienceStore,
		TransactionDetails: midtrans.TransactionDetails{OrderID: orderID, GrossAmt: 44000},
		ConvStore:          &coreapi.ConvStoreDetails{Store: "alfamart", Message: "Order in my shop"},
	})
	check(err)
	show("charge", reply.OrderID, reply.TransactionStatus, reply.StatusCode)
}

func show(what, orderID, status, code string) {
	fmt.Printf("%s: %s is %s, %s\n", what, orderID, status, code)
}

func check(err *midtrans.Error) {
	if err != nil {
		panic(err)
	}
}
