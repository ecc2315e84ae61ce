# What a shop's backend has: it charges, asks how a payment stands, and takes notifications. Nothing here knows of Warung.
require 'digest'
require 'json'
require 'net/http'
require 'openssl'

module Shop
  MIDTRANS_URL = ENV.fetch('MIDTRANS_URL', 'https://api.sandbox.midtrans.com')
  SERVER_KEY = ENV.fetch('MIDTRANS_SERVER_KEY', 'SB-Mid-server-warung')

  module_function

  def charge(order_id, amount)
    call Net::HTTP::Post, '/v2/charge', {
      payment_type: 'cstore',
      transaction_details: { order_id: order_id, gross_amount: amount },
      cstore: { store: 'alfamart', message: 'Order in my shop' }
    }
  end

  def status_of(order_id)
    call Net::HTTP::Get, "/v2/#{order_id}/status"
  end

  # SHA-512 of order id, status code, amount and server key, with the texts exactly as the notification shows them.
  def genuine?(notification)
    parts = notification.values_at('order_id', 'status_code', 'gross_amount')
    expected = Digest::SHA512.hexdigest(parts.join + SERVER_KEY)
    OpenSSL.secure_compare(expected, notification['signature_key'].to_s)
  end

  # The notification URL as a Rack application: what is not genuine is refused and changes nothing.
  def notification_app(&on_notification)
    lambda do |env|
      notification = JSON.parse(env['rack.input'].read)
      next [403, {}, []] unless genuine?(notification)

      on_notification.call(notification)
      [200, {}, []]
    end
  end

  def call(method, path, body = nil)
    uri = URI(MIDTRANS_URL + path)
    request = method.new(uri, 'Content-Type' => 'application/json', 'Accept' => 'application/json')
    request.basic_auth SERVER_KEY, ''
    request.body = JSON.generate(body) unless body.nil?
    JSON.parse(Net::HTTP.start(uri.host, uri.port, use_ssl: uri.scheme == 'https') { |http| http.request(request) }.body)
  end
end
