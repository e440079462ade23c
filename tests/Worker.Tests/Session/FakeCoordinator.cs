using System.Threading.Channels;
using Atelier.Protos;
using Atelier.Rpc.Transport;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Atelier.Worker.Tests.Session;

/// <summary>A coordinator that a test plays: it sees what workers say, and says what the test wants. Listens on a Unix socket.</summary>
internal sealed class FakeCoordinator : IAsyncDisposable
{
    private readonly Channel<FakeStream> _streams = Channel.CreateUnbounded<FakeStream>();
    private readonly WebApplication _application;
    private readonly string _path;

    private FakeCoordinator(string path)
    {
        _path = path;
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.ListenUnixSocket(path, endpoint => endpoint.Protocols = HttpProtocols.Http2));
        builder.Services.AddSingleton<IHostLifetime, EmbeddedHostLifetime>();
        builder.Services.AddGrpc();
        _application = builder.Build();
        _application.MapGrpcService(ServerServiceDefinition.CreateBuilder().AddMethod(
            new Method<WorkerMessage, CoordinatorMessage>(
                MethodType.DuplexStreaming, "atelier.v1.Fleet", "Attach",
                Marshallers.Create(Google.Protobuf.MessageExtensions.ToByteArray, WorkerMessage.Parser.ParseFrom),
                Marshallers.Create(Google.Protobuf.MessageExtensions.ToByteArray, CoordinatorMessage.Parser.ParseFrom)),
            AttachAsync).Build());
    }

    /// <summary>Where it is reached.</summary>
    public string Address => $"unix:{_path}";

    /// <summary>What is said instead of letting a worker in; null to let it in.</summary>
    public Func<RpcException?> Refusal { get; set; } = () => null;

    /// <summary>The identity of its database.</summary>
    public string Cluster { get; set; } = "one";

    /// <summary>How many have attached, or tried to.</summary>
    public int Calls { get; private set; }

    public static async Task<FakeCoordinator> StartAsync(string? path = null)
    {
        var started = new FakeCoordinator(path ?? NewPath());
        await started._application.StartAsync();
        return started;
    }

    /// <summary>A path for a socket that nobody has.</summary>
    public static string NewPath() => Path.Combine(Path.GetTempPath(), $"atelier-{Guid.NewGuid():N}.sock");

    /// <summary>The next worker that attaches, which has been welcomed.</summary>
    public async Task<FakeStream> NextAsync()
    {
        using var late = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        return await _streams.Reader.ReadAsync(late.Token);
    }

    /// <summary>Ends as a process that is killed.</summary>
    public async ValueTask DisposeAsync()
    {
        await _application.StopAsync(new CancellationToken(canceled: true));
        await _application.DisposeAsync();
        File.Delete(_path);
    }

    private async Task AttachAsync(IAsyncStreamReader<WorkerMessage> requests, IServerStreamWriter<CoordinatorMessage> responses, ServerCallContext context)
    {
        await context.WriteResponseHeadersAsync([]);
        Calls++;
        Assert.True(await requests.MoveNext(context.CancellationToken));
        if (Refusal() is { } refusal)
            throw refusal;
        var stream = new FakeStream(this, requests.Current.Register, responses);
        await stream.SendAsync(new CoordinatorMessage { Welcome = new Welcome { LeaseSeconds = 2 } });
        _streams.Writer.TryWrite(stream);
        await stream.ServeAsync(requests, context.CancellationToken);
    }
}

/// <summary>A worker's stream.</summary>
internal sealed class FakeStream(FakeCoordinator coordinator, Register register, IServerStreamWriter<CoordinatorMessage> responses)
{
    private readonly Lock _gate = new();
    private Task _written = Task.CompletedTask;
    private readonly List<WorkerMessage> _received = [];
    private readonly TaskCompletionSource<RpcException?> _ending = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource _more = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Register Register => register;

    /// <summary>Epoch of what is sent.</summary>
    public long Epoch { get; set; } = 1;

    /// <summary>All that came so far.</summary>
    public IReadOnlyList<WorkerMessage> Received
    {
        get
        {
            lock (_gate)
                return [.. _received];
        }
    }

    public Task SendAsync(CoordinatorMessage message)
    {
        (message.Epoch, message.Cluster, message.Authority) = (Epoch, coordinator.Cluster, AuthorityOf(message));
        lock (_gate)
            return _written = WriteAsync(_written, message);
    }

    /// <summary>Waits until such a message has come, from the <paramref name="skip"/>-th on.</summary>
    public async Task<WorkerMessage> UntilAsync(Func<WorkerMessage, bool> isWanted, int skip = 0)
    {
        using var late = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        while (true)
        {
            Task more;
            lock (_gate)
            {
                if (_received.Skip(skip).FirstOrDefault(isWanted) is { } found)
                    return found;
                more = _more.Task;
            }
            try
            {
                await more.WaitAsync(late.Token);
            }
            catch (OperationCanceledException)
            {
                throw new TimeoutException($"it did not come; what came last: {string.Join('\n', Received.TakeLast(5))}");
            }
        }
    }

    /// <summary>Waits for a report.</summary>
    public async Task<RunReport> UntilReportAsync(Func<RunReport, bool> isWanted, int skip = 0) =>
        (await UntilAsync(message => message.RunReport is { } report && isWanted(report), skip)).RunReport;

    /// <summary>Ends the stream.</summary>
    public void End(RpcException? status = null) => _ending.TrySetResult(status);

    public async Task ServeAsync(IAsyncStreamReader<WorkerMessage> requests, CancellationToken cancellation)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var reading = ReadAsync(requests, end.Token);
        if (await Task.WhenAny(reading, _ending.Task) == _ending.Task && _ending.Task.Result is { } status)
            throw status;
    }

    private static string AuthorityOf(CoordinatorMessage message) => (message.Halt?.Run ?? message.Prepare?.Run ?? message.Go?.Run ?? message.Release?.Run) is { } run ? $"run/{run}" : "";

    private async Task WriteAsync(Task before, CoordinatorMessage message)
    {
        await before;
        await responses.WriteAsync(message);
    }

    private async Task ReadAsync(IAsyncStreamReader<WorkerMessage> requests, CancellationToken cancellation)
    {
        try
        {
            while (await requests.MoveNext(cancellation))
                Add(requests.Current);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or RpcException)
        {
            // The worker, or this coordinator, is gone.
        }
    }

    private void Add(WorkerMessage message)
    {
        lock (_gate)
        {
            _received.Add(message);
            var more = _more;
            _more = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            more.SetResult();
        }
    }
}
