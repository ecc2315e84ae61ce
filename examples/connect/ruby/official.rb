# The official client as it stands, with nothing but its key: gem install veritrans
require 'veritrans'

Veritrans.config.server_key = 'SB-Mid-server-warung'

def charge(order_id)
  Veritrans.charge('cstore', {
    transaction_details: { order_id: order_id, gross_amount: 44_000 },
    cstore: { store: 'alfamart', message: 'Order in my shop' }
  })
end

def show(what, reply)
  puts "#{what}: #{reply.order_id} is #{reply.transaction_status}, #{reply.status_code}"
end

now = Process.clock_gettime(Process::CLOCK_REALTIME, :nanosecond)
first, second = ["official-ruby-1-#{now}", "official-ruby-2-#{now}"]
show 'charge', charge(first)
show 'status', Veritrans.status(first)
show 'cancel', Veritrans.cancel(first)
show 'charge', charge(second)
show 'expire', Veritrans.expire(second)
