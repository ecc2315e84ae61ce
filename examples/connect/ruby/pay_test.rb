# A customer pays, and the shop learns of it. Copy this test, put your own shop in place of shop.rb, and run it:
#   ruby pay_test.rb
# WARUNG_URL is where Warung is told what the customer does, NOTIFICATION_URL where it reaches port 8000 of this machine.
require 'minitest/autorun'
require 'socket'
require 'stringio'

require_relative 'shop'

class PayTest < Minitest::Test
  WARUNG_URL = ENV.fetch('WARUNG_URL', 'http://127.0.0.1:6262')
  NOTIFICATION_URL = ENV.fetch('NOTIFICATION_URL', 'http://127.0.0.1:8000/')

  def setup
    @heard = []
    @server = TCPServer.new(8000)
    app = Shop.notification_app { |notification| @heard << notification.values_at('order_id', 'transaction_status') }
    @thread = Thread.new { loop { serve @server.accept, app } }
    warung Net::HTTP::Put, '/admin/settings', { notification_urls: [NOTIFICATION_URL] }
  end

  def teardown
    @thread.kill
    @server.close
  end

  def test_a_customer_pays_at_the_till_the_shop_is_told_and_a_forgery_is_refused
    order_id = "ruby-#{Process.clock_gettime(Process::CLOCK_REALTIME, :nanosecond)}"
    charged = Shop.charge(order_id, 44_000)
    assert_equal 'pending', charged['transaction_status']
    assert_match(/\A[A-Z0-9]+\z/, charged['payment_code'])
    assert_equal 'pending', Shop.status_of(order_id)['transaction_status']

    warung Net::HTTP::Post, "/admin/transactions/#{order_id}/pay?wait=attempted"
    assert_equal 'settlement', Shop.status_of(order_id)['transaction_status']
    assert_equal [[order_id, 'pending'], [order_id, 'settlement']], @heard

    sent = warung Net::HTTP::Post, "/admin/transactions/#{order_id}/notify?wait=attempted", { tamper: 'signature' }
    assert_equal 403, sent['notifications'][0]['attempts'][0]['status']
    assert_equal 2, @heard.length
  end

  private

  # Just enough of a server to call the application; yours runs under Puma.
  def serve(socket, app)
    length = 0
    while (line = socket.gets.chomp) != ''
      length = line[/\d+/].to_i if line.match?(/\Acontent-length:/i)
    end
    status, = app.call('rack.input' => StringIO.new(socket.read(length)))
    socket.write "HTTP/1.1 #{status} \r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
  ensure
    socket.close
  end

  def warung(method, path, body = nil)
    uri = URI(WARUNG_URL + path)
    request = method.new(uri, body.nil? ? {} : { 'Content-Type' => 'application/json' })
    request.basic_auth Shop::SERVER_KEY, ''
    request.body = JSON.generate(body) unless body.nil?
    response = Net::HTTP.start(uri.host, uri.port) { |http| http.request(request) }
    assert_equal '200', response.code, path
    JSON.parse(response.body)
  end
end
