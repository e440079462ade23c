using System.Diagnostics;
using Atelier.Core.Telemetry;

namespace Atelier.Core.Tests.Telemetry;

public sealed class TraceParentTests
{
    private const string Recorded = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    [Fact]
    public void Write_WhatWasRead_IsTheSame() => Assert.Equal(Recorded, TraceParent.Write(TraceParent.Read(Recorded)));

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("00-0af7651916cd43dd8448eb211c80319c")]
    [InlineData("nonsense")]
    public void Read_OfNoSpan_BelongsToNoTrace(string? text) => Assert.Equal(default, TraceParent.Read(text));

    [Fact]
    public void Write_OfASpanThatNobodyRecords_IsEmpty() => Assert.Equal("", TraceParent.Write(TraceParent.Read(Recorded[..^1] + "0")));

    [Fact]
    public void Begin_BelowAMessagesSpan_LeavesThePresentOne()
    {
        using var source = new ActivitySource("a test");
        using var listener = new ActivityListener { ShouldListenTo = known => known == source, Sample = (ref _) => ActivitySamplingResult.AllDataAndRecorded };
        Assert.Null(source.Begin("nobody listens", TraceParent.Read(Recorded)));
        ActivitySource.AddActivityListener(listener);
        using var present = source.StartActivity("present");

        using var below = source.Begin("below", TraceParent.Read(Recorded));
        Assert.Equal((Recorded[3..35], Recorded[36..52]), (below!.TraceId.ToString(), below.ParentSpanId.ToString()));
        Assert.Same(present, Activity.Current);

        using var root = source.BeginTrace("root");
        Assert.NotEqual(present!.TraceId, root!.TraceId);
        Assert.Null(source.Begin("of nothing", default));
    }
}
