using Atelier.Grpc.Tests.V1;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;

namespace Atelier.Grpc.Tests;

/// <summary>Our client, against any server of the probe: each kind of call and each failure.</summary>
public abstract class CallTests : IAsyncLifetime
{
    private static readonly byte[] Bytes = [0, 0xFF];

    private GrpcChannel? _channel;

    /// <summary>Generous: the machine may be busy, and a hang must end.</summary>
    private static CallOptions Within => In(TimeSpan.FromSeconds(60));

    private Probe.ProbeClient Client => new(_channel);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Where the server listens; skips where there is none.</summary>
    protected abstract Uri Server();

    public ValueTask InitializeAsync()
    {
        _channel = GrpcChannel.ForAddress(Server(), new GrpcChannelOptions { MaxReceiveMessageSize = 8 * 1024 * 1024, MaxSendMessageSize = 6 * 1024 * 1024 });
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync()
    {
        _channel?.Dispose();
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }

    private static CallOptions In(TimeSpan time) => new(deadline: TimeProvider.System.GetUtcNow().UtcDateTime + time, cancellationToken: Token);

    [Fact]
    public async Task Unary_AMessage_ComesBack()
    {
        var request = new ProbeMessage { Text = "hällo", Payload = ByteString.CopyFrom(Bytes) };

        using var call = Client.UnaryAsync(request, Within);

        Assert.Equal(request, await call);
        Assert.Equal(StatusCode.OK, call.GetStatus().StatusCode);
    }

    [Fact]
    public void Unary_OnTheCallersThread_ComesBack() =>
        Assert.Equal("x", Client.Unary(new ProbeMessage { Text = "x" }, Within).Text);

    [Fact]
    public async Task ClientStreaming_ManyRequests_AreCollected()
    {
        using var call = Client.Collect(Within);
        for (int i = 0; i < 100; i++) await call.RequestStream.WriteAsync(new ProbeMessage { Text = $"{i}" }, Token);
        await call.RequestStream.CompleteAsync();

        Assert.Equal(new ProbeMessage { Text = "99", Count = 100 }, await call);
    }

    [Fact]
    public async Task ServerStreaming_ManyResponses_ComeInOrder()
    {
        using var call = Client.Expand(new ProbeMessage { Text = "x", Count = 100 }, Within);

        Assert.Equal(Enumerable.Range(0, 100), await call.ResponseStream.ReadAllAsync(Token).Select(message => message.Count).ToListAsync(Token));
        Assert.False(await call.ResponseStream.MoveNext(Token));
    }

    [Fact]
    public async Task Duplex_OneAfterTheOther_TakeTurns()
    {
        using var call = Client.Chat(Within);
        for (int i = 0; i < 20; i++)
        {
            await call.RequestStream.WriteAsync(new ProbeMessage { Text = "x", Count = i }, Token);
            Assert.True(await call.ResponseStream.MoveNext(Token));
            Assert.Equal(i, call.ResponseStream.Current.Count);
        }
        await call.RequestStream.CompleteAsync();
        Assert.False(await call.ResponseStream.MoveNext(Token));
    }

    [Fact]
    public async Task Status_OfEachKind_HasItsMessageAndTrailers()
    {
        var fail = new ProbeMessage { Text = "fail", Count = 1 };
        using var collect = Client.Collect(Within);
        using var expand = Client.Expand(fail, Within);
        Assert.True(await expand.ResponseStream.MoveNext(Token));
        using var chat = Client.Chat(Within);

        // A write says it too, if the call has ended by then.
        Func<Task>[] calls =
        [
            async () => await Client.UnaryAsync(fail, Within),
            async () =>
            {
                await collect.RequestStream.WriteAsync(fail, Token);
                await collect;
            },
            () => expand.ResponseStream.MoveNext(Token),
            async () =>
            {
                await chat.RequestStream.WriteAsync(fail, Token);
                await chat.ResponseStream.MoveNext(Token);
            },
        ];
        foreach (var call in calls)
        {
            var failure = await Assert.ThrowsAsync<RpcException>(call);
            Assert.Equal((StatusCode.NotFound, ProbeService.FailureDetail), (failure.StatusCode, failure.Status.Detail));
            Assert.Equal("because", failure.Trailers.GetValue("reason"));
            Assert.Equal(ProbeService.FailureBytes, failure.Trailers.GetValueBytes("reason-bin"));
        }
        Assert.Equal(StatusCode.NotFound, expand.GetStatus().StatusCode);
        Assert.Equal("because", expand.GetTrailers().GetValue("reason"));
    }

    [Fact]
    public async Task Metadata_TextAndBytes_GoBothWays()
    {
        using var call = Client.UnaryAsync(new ProbeMessage { Text = "metadata" }, Within.WithHeaders(new Metadata { { "ask", "a value" }, { "ask-bin", Bytes } }));

        var headers = await call.ResponseHeadersAsync;
        await call;
        Assert.Equal("a value", headers.GetValue("answer"));
        Assert.Equal(Bytes, headers.GetValueBytes("answer-bin"));
        Assert.Equal("a value", call.GetTrailers().GetValue("after"));
        Assert.Equal(Bytes, call.GetTrailers().GetValueBytes("after-bin"));
    }

    [Fact]
    public async Task Deadline_ThatPasses_EndsTheCall()
    {
        using var call = Client.UnaryAsync(new ProbeMessage { Text = "wait" }, In(TimeSpan.FromMilliseconds(300)));

        Assert.Equal(StatusCode.DeadlineExceeded, (await Assert.ThrowsAsync<RpcException>(async () => await call)).StatusCode);
    }

    [Fact]
    public async Task Deadline_OfTheClient_IsKnownToTheServer()
    {
        Assert.InRange((await Client.UnaryAsync(new ProbeMessage { Text = "time" }, In(TimeSpan.FromHours(1)))).Count, 3000, 3600);
        Assert.Equal(-1, (await Client.UnaryAsync(new ProbeMessage { Text = "time" }, cancellationToken: Token)).Count);
    }

    [Fact]
    public async Task Cancellation_OfAStream_ReachesTheServer()
    {
        using var giveUp = new CancellationTokenSource();
        using var call = Client.Expand(new ProbeMessage { Text = "wait", Count = 1 }, Within.WithCancellationToken(giveUp.Token));
        Assert.True(await call.ResponseStream.MoveNext(Token));
        var waiting = call.ResponseStream.MoveNext(Token);

        await giveUp.CancelAsync();

        Assert.Equal(StatusCode.Cancelled, (await Assert.ThrowsAsync<RpcException>(() => waiting)).StatusCode);
        Assert.Equal("yes", (await Client.UnaryAsync(new ProbeMessage { Text = "was cancelled" }, Within)).Text);
    }

    [Fact]
    public async Task Dispose_OfACallUnderWay_GivesItUp()
    {
        var call = Client.Chat(Within);
        await call.RequestStream.WriteAsync(new ProbeMessage { Text = "x" }, Token);
        Assert.True(await call.ResponseStream.MoveNext(Token));

        call.Dispose();

        await Assert.ThrowsAsync<ObjectDisposedException>(() => call.ResponseStream.MoveNext(Token));
    }

    [Fact]
    public async Task Dispose_WhileAResponseIsAwaited_EndsTheWait()
    {
        var call = Client.Chat(Within);
        var waiting = call.ResponseStream.MoveNext(Token);

        call.Dispose();

        Assert.Equal(StatusCode.Cancelled, (await Assert.ThrowsAsync<RpcException>(() => waiting)).StatusCode);
    }

    [Fact]
    public async Task Gzip_OfRequestsAndResponses_IsUndone()
    {
        var big = new ProbeMessage { Payload = ByteString.CopyFrom(new byte[1_000_000]) };

        Assert.Equal(big, await Client.UnaryAsync(big, Within.WithHeaders(new Metadata { { "grpc-internal-encoding-request", "gzip" } })));
    }

#if !NAMED_PACKAGES
    // The packages' client counts the bytes that come. These are compressed, and few.
    [Fact]
    public async Task Response_OverTheClientsLimit_IsResourceExhausted()
    {
        var huge = new ProbeMessage { Text = "large", Count = 9 * 1024 * 1024 };

        Assert.Equal(StatusCode.ResourceExhausted, (await Assert.ThrowsAsync<RpcException>(async () => await Client.UnaryAsync(huge, Within))).StatusCode);
    }
#endif

    [Theory]
    [InlineData(5)] // over the server's limit
    [InlineData(7)] // over the client's own
    public async Task Request_OverALimit_IsResourceExhausted(int mebibytes)
    {
        var huge = new ProbeMessage { Payload = ByteString.CopyFrom(new byte[mebibytes * 1024 * 1024]) };

        Assert.Equal(StatusCode.ResourceExhausted, (await Assert.ThrowsAsync<RpcException>(async () => await Client.UnaryAsync(huge, Within))).StatusCode);
    }

    [Fact]
    public async Task Method_ThatDoesNotExist_IsUnimplemented()
    {
        var method = new Method<string, string>(MethodType.Unary, "atelier.tests.v1.Probe", "Missing", Marshallers.StringMarshaller, Marshallers.StringMarshaller);

        using var call = _channel!.CreateCallInvoker().AsyncUnaryCall(method, null, Within, "x");

        Assert.Equal(StatusCode.Unimplemented, (await Assert.ThrowsAsync<RpcException>(async () => await call)).StatusCode);
    }
}
