package payments_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"time"

	"github.com/afara-dev/afara/sdk/payments"
	"github.com/afara-dev/afara/sdk/payments/paymentstest"
	"github.com/afara-dev/afara/sdk/payments/reference"
)

// A shop asks its customer for money and hears how it ended: by webhook, with
// Wait as the net. The stand-in takes the place of the service, and of the
// customer's telephone.
func Example() {
	service := paymentstest.NewServer()
	defer service.Close()
	service.PutSIM("+250788123456", 100_000, false)

	receiver := httptest.NewServer(payments.Receiver{
		Secrets: []string{paymentstest.Secret},
		Handle: func(_ context.Context, e payments.Event) error {
			fmt.Println(e.Event, e.OrderRef, e.Status, e.NetAmount)
			return nil
		},
	})
	defer receiver.Close()

	client, err := payments.New(service.URL+"/", paymentstest.Key)
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	defer cancel()

	created := time.Date(2026, 5, 31, 22, 10, 15, 0, time.UTC) // stored with the order
	ref, err := reference.Derive("ZANA", reference.Collection, created, "order-1234")
	if err != nil {
		fmt.Println(err)
		return
	}
	payment, err := client.Create(ctx, payments.Collection{
		Amount: 25000, Currency: "RWF", MSISDN: "+250788123456",
		Reference: ref.String(), Application: paymentstest.Application, OrderRef: "order-1234",
	})
	if err != nil {
		fmt.Println(err) // refused: roll the order's draft back
		return
	}
	fmt.Println(payment.Reference, payment.Status)

	_ = service.Settle(payment.ID, payments.Success) // the customer types the PIN
	_, _ = service.Deliveries()[0].Post(ctx, receiver.URL)

	payment, err = client.Wait(ctx, payment.ID)
	fmt.Println(payment.Status, payment.NetAmount, err)
	// Output:
	// ZANA-PAY-20260531221015-71983129E508 PENDING
	// payment.completed order-1234 SUCCESS 24750
	// SUCCESS 24750 <nil>
}
