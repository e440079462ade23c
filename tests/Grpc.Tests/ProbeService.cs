using Atelier.Grpc.Tests.V1;
using Google.Protobuf;
using Grpc.Core;

namespace Atelier.Grpc.Tests;

/// <summary>Does what requests say, as <c>peers/server.py</c> does.</summary>
public sealed class ProbeService(ProbeWitness witness) : Probe.ProbeBase
{
    public const string FailureDetail = "Käse 🧀 100%\nline two";

    public static readonly byte[] FailureBytes = [0, 1, 0xFE, 0xFF];

    public override Task<ProbeMessage> Unary(ProbeMessage request, ServerCallContext context) => AnswerAsync(request, context);

    public override async Task<ProbeMessage> Collect(IAsyncStreamReader<ProbeMessage> requestStream, ServerCallContext context)
    {
        var answer = new ProbeMessage();
        await foreach (var request in requestStream.ReadAllAsync())
        {
            if (request.Text == "fail") await AnswerAsync(request, context);
            answer.Text = request.Text;
            answer.Count++;
        }
        return answer;
    }

    public override async Task Expand(ProbeMessage request, IServerStreamWriter<ProbeMessage> responseStream, ServerCallContext context)
    {
        var payload = request.Text == "much" ? ByteString.CopyFrom(new byte[10_000]) : request.Payload;
        try
        {
            for (int i = 0; i < request.Count; i++)
                await responseStream.WriteAsync(new ProbeMessage { Text = request.Text, Count = i, Payload = payload });
        }
        finally
        {
            witness.Ended.TrySetResult();
        }
        if (request.Text is "fail" or "wait") await AnswerAsync(request, context);
    }

    public override async Task Chat(IAsyncStreamReader<ProbeMessage> requestStream, IServerStreamWriter<ProbeMessage> responseStream, ServerCallContext context)
    {
        await foreach (var request in requestStream.ReadAllAsync())
            await responseStream.WriteAsync(await AnswerAsync(request, context));
    }

    private async Task<ProbeMessage> AnswerAsync(ProbeMessage request, ServerCallContext context)
    {
        switch (request.Text)
        {
            case "fail":
                throw new RpcException(
                    new Status(StatusCode.NotFound, FailureDetail), new Metadata { { "reason", "because" }, { "reason-bin", FailureBytes } });
            case "crash":
                throw new InvalidOperationException("secret");
            case "wait":
                var ended = new TaskCompletionSource();
                await using (context.CancellationToken.Register(() => ended.TrySetResult())) await ended.Task;
                witness.Cancelled.TrySetResult();
                return request;
            case "stuck":
                await witness.Release.Task;
                return request;
            case "was cancelled":
                await witness.Cancelled.Task;
                return new ProbeMessage { Text = "yes" };
            case "metadata":
                var text = context.RequestHeaders.GetValue("ask")!;
                var bytes = context.RequestHeaders.GetValueBytes("ask-bin")!;
                await context.WriteResponseHeadersAsync(new Metadata { { "answer", text }, { "answer-bin", bytes } });
                context.ResponseTrailers.Add("after", text);
                context.ResponseTrailers.Add("after-bin", bytes);
                return request;
            case "time":
                return new ProbeMessage
                {
                    Count = context.Deadline == DateTime.MaxValue ? -1 : (int)(context.Deadline - TimeProvider.System.GetUtcNow().UtcDateTime).TotalSeconds,
                };
            case "large":
                return new ProbeMessage { Payload = ByteString.CopyFrom(new byte[request.Count]) };
            default:
                return request;
        }
    }
}

/// <summary>What a service saw and waits for, shared by all calls of a server.</summary>
public sealed class ProbeWitness
{
    /// <summary>Done when a waiting call was cancelled.</summary>
    public TaskCompletionSource Cancelled { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Done when a stream of responses was written, or could not be.</summary>
    public TaskCompletionSource Ended { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Lets go of a handler that heeds nothing else.</summary>
    public TaskCompletionSource Release { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
}
