module example.test/official

go 1.19

require github.com/midtrans/midtrans-go v1.3.8
