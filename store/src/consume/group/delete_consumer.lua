-- Deletes a consumer that has nothing pending. KEYS[1]: the stream. ARGV: the group, the consumer.
-- Returns how many entries it has pending if it has some (1 at most), and 0 if it is gone.
if redis.replicate_commands then redis.replicate_commands() end
if #redis.call('XPENDING', KEYS[1], ARGV[1], '-', '+', 1, ARGV[2]) > 0 then
  return 1
end
redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], ARGV[2])
return 0
