using Atelier.Grpc.Tests.V1;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Atelier.Grpc.Tests;

/// <summary>What Kestrel would end if its limits were not lifted: streams that are idle or large.</summary>
public sealed class LongStreamTests
{
    private static readonly bool Soak = Environment.GetEnvironmentVariable("ATELIER_SOAK") == "1";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Requests that are written and read where their bytes lie: as a tensor's segments are.</summary>
    private static readonly Method<Segment, Segment> Pour = new(
        MethodType.DuplexStreaming,
        "atelier.tests.v1.Pour",
        "Pour",
        Marshallers.Create<Segment>(
            (segment, context) =>
            {
                context.SetPayloadLength(segment.Bytes);
                var writer = context.GetBufferWriter();
                for (int left = segment.Bytes; left > 0;)
                {
                    var span = writer.GetSpan(1);
                    var count = Math.Min(left, span.Length);
                    span[..count].Fill((byte)segment.Number);
                    writer.Advance(count);
                    left -= count;
                }
                context.Complete();
            },
            context =>
            {
                var payload = context.PayloadAsReadOnlySequence();
                var number = payload.FirstSpan[0];
                foreach (var part in payload)
                {
                    if (part.Span.ContainsAnyExcept(number)) throw new InvalidDataException("a segment holds bytes of another");
                }
                return new Segment(number, context.PayloadLength);
            }),
        Marshallers.Create<Segment>(
            (segment, context) => context.Complete(BitConverter.GetBytes(segment.Bytes)),
            context => new Segment(0, BitConverter.ToInt32(context.PayloadAsNewBuffer()))));

    [Fact]
    public async Task Stream_ThatIsIdle_Survives()
    {
        // The rate that a body must have is checked after this grace, the shortest that Kestrel takes.
        await using var server = await ProbeServer.StartAsync(kestrel: options =>
        {
            ProbeServer.Listen(options);
            options.Limits.MinRequestBodyDataRate = new MinDataRate(1000, TimeSpan.FromSeconds(1.1));
        });
        using var channel = GrpcChannel.ForAddress(server.Address);
        using var call = new Probe.ProbeClient(channel).Chat(cancellationToken: Token);
        await call.RequestStream.WriteAsync(new ProbeMessage { Text = "before" }, Token);
        Assert.True(await call.ResponseStream.MoveNext(Token));
        var next = call.ResponseStream.MoveNext(Token);

        // Idle time is what is tested; nothing may come in it.
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(Soak ? 60 : 4));
        await timer.WaitForNextTickAsync(Token);
        Assert.False(next.IsCompleted);

        await call.RequestStream.WriteAsync(new ProbeMessage { Text = "after" }, Token);
        Assert.True(await next);
        Assert.Equal("after", call.ResponseStream.Current.Text);
    }

    [Fact]
    public async Task Stream_ThatIsLarge_ComesThroughWhole()
    {
        const int SegmentBytes = 1 << 20;
        var segments = Soak ? 1024 : 64; // over Kestrel's 30 MB for a body either way
        var definition = ServerServiceDefinition.CreateBuilder().AddMethod(Pour, PourAsync).Build();
        await using var server = await ProbeServer.StartAsync(map: application => application.MapGrpcService(definition));
        using var channel = GrpcChannel.ForAddress(server.Address);
        using var call = channel.CreateCallInvoker().AsyncDuplexStreamingCall(Pour, null, new CallOptions(cancellationToken: Token));

        for (int i = 0; i < segments; i++) await call.RequestStream.WriteAsync(new Segment(i & 0xFF, SegmentBytes), Token);
        await call.RequestStream.CompleteAsync();

        Assert.True(await call.ResponseStream.MoveNext(Token));
        Assert.Equal(segments, call.ResponseStream.Current.Bytes >> 20);
        Assert.False(await call.ResponseStream.MoveNext(Token));
    }

    private static async Task PourAsync(IAsyncStreamReader<Segment> requests, IServerStreamWriter<Segment> responses, ServerCallContext context)
    {
        var total = 0;
        var expected = 0;
        await foreach (var segment in requests.ReadAllAsync(context.CancellationToken))
        {
            if (segment.Number != (expected++ & 0xFF)) throw new RpcException(new Status(StatusCode.DataLoss, "a segment is out of order"));
            total += segment.Bytes;
        }
        await responses.WriteAsync(new Segment(0, total));
    }

    private sealed record Segment(int Number, int Bytes);
}
