using Atelier.Core.Access;
using Atelier.Protos;
using Grpc.Core;

namespace Atelier.Coordinator.Tests.Hosting;

/// <summary>Submitting twice, otherwise, and not for good; and where data and stores may be.</summary>
public sealed class SubmissionTests : IAsyncLifetime
{
    private RunningCoordinator _coordinator = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _coordinator = await RunningCoordinator.StartAsync();

    public ValueTask DisposeAsync() => _coordinator.DisposeAsync();

    [Fact]
    public async Task Submit_TheSameAgain_IsTheRunThatThereIs()
    {
        Run first;
        await using (await _coordinator.AttachAsync("w0"))
            first = await SubmitAsync(_coordinator.Request("faces", "kimg=10"));
        var again = _coordinator.Request("faces", "kimg=10.0");
        again.RunStore += "/./";
        again.DataPath = "//data/x/..";

        // No worker is needed to find that out.
        var second = await SubmitAsync(again);

        Assert.False(first.AlreadySubmitted);
        Assert.True(second.AlreadySubmitted);
        Assert.Equal(first.SubmittedUnixMs, second.SubmittedUnixMs);
        Assert.Single((await _coordinator.Runs.ListAsync(new ListRequest(), cancellationToken: Cancellation)).Runs);
    }

    [Fact]
    public async Task Submit_TheNameWithAnotherSpec_NamesWhatDiffersWithBothValues()
    {
        await using var worker = await _coordinator.AttachAsync("w0");
        await SubmitAsync(_coordinator.Request("faces", "kimg=10"));
        var other = _coordinator.Request("faces", "kimg=20", "gamma=3");
        (other.DataPath, other.MinWorkers) = ("/others", 2);

        var refused = await RefusedAsync(other);

        Assert.Equal(StatusCode.AlreadyExists, refused.StatusCode);
        foreach (var difference in (string[])["kimg 20 (the run has 10)", "gamma 3 (the run has 10)", "data /others (the run has /data)", "min-workers 2 (the run has 1)"])
            Assert.Contains(difference, refused.Detail, StringComparison.Ordinal);
        Assert.DoesNotContain("batch", refused.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Submit_AStoreThatARunHas_IsRefusedHoweverItIsWritten()
    {
        await using var worker = await _coordinator.AttachAsync("w0");
        await SubmitAsync(_coordinator.Request("faces"));
        var other = _coordinator.Request("others");
        other.RunStore = $"{_coordinator.Store("faces")}/../faces/";

        var refused = await RefusedAsync(other);

        Assert.Equal(StatusCode.InvalidArgument, refused.StatusCode);
        Assert.Contains("run faces already uses", refused.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Preview_OfANewRun_TellsAndChangesNothing()
    {
        await using var worker = await _coordinator.AttachAsync("w0");

        var preview = await _coordinator.Runs.PreviewAsync(_coordinator.Request("faces", "kimg=10"), cancellationToken: Cancellation);

        Assert.False(preview.AlreadySubmitted);
        Assert.Equal((1, 1, 10_000), (preview.FittingWorkers, preview.FreeWorkers, preview.Run.TargetImages));
        Assert.Contains("\"data-images\": 100", preview.Run.SpecJson, StringComparison.Ordinal);
        Assert.Empty((await _coordinator.Runs.ListAsync(new ListRequest { IncludeEnded = true }, cancellationToken: Cancellation)).Runs);
        Assert.False(Directory.Exists(_coordinator.Store("faces")));
    }

    [Fact]
    public async Task Preview_OfWhatWouldBeRefused_IsRefusedInTheSameWords()
    {
        await using var worker = await _coordinator.AttachAsync("w0");
        var tooMany = _coordinator.Request("faces");
        tooMany.MaxWorkers = 9;

        var refused = await Assert.ThrowsAsync<RpcException>(async () => await _coordinator.Runs.PreviewAsync(tooMany, cancellationToken: Cancellation));

        Assert.Equal((await RefusedAsync(tooMany)).Detail, refused.Status.Detail);
        Assert.Contains("4 shards", refused.Status.Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/elsewhere", "/runs/faces", "", "/data (--data-root)")]
    [InlineData("/data/../etc", "/runs/faces", "", "/data (--data-root)")]
    [InlineData("/data/a", "/runs/../etc/faces", "", "/runs (--store-root)")]
    [InlineData("/data/a", "s3://bucket/faces", "", "https://s3.amazonaws.com")]
    [InlineData("/data/a", "s3://bucket/faces?endpoint=https://evil.example", "", "https://evil.example")]
    [InlineData("/data/a", "/runs/faces", "/etc/passwd", "/data, /runs (--data-root)")]
    [InlineData("data", "/runs/faces", "", "relative")]
    [InlineData("/data/a", "faces", "", "relative")]
    public async Task Submit_OutsideOfWhatTheOperatorAllows_IsRefusedWithTheOption(string data, string store, string init, string names)
    {
        await using var limited = await RunningCoordinator.StartAsync(places: new AllowedPlaces(["/data"], ["/runs"], []));
        var request = limited.Request("faces");
        (request.DataPath, request.RunStore, request.InitPath) = (data, store, init);

        var refused = await Assert.ThrowsAsync<RpcException>(async () => await limited.Runs.SubmitAsync(request, cancellationToken: Cancellation));

        Assert.Equal(StatusCode.InvalidArgument, refused.StatusCode);
        Assert.Contains(names, refused.Status.Detail, StringComparison.Ordinal);
    }

    private async Task<Run> SubmitAsync(SubmitRequest request) => await _coordinator.Runs.SubmitAsync(request, cancellationToken: Cancellation);

    private async Task<Status> RefusedAsync(SubmitRequest request) => (await Assert.ThrowsAsync<RpcException>(() => SubmitAsync(request))).Status;
}
