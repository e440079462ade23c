using Atelier.Cli.Output;
using Atelier.Core;
using Atelier.Worker.Runs;

namespace Atelier.Cli.Tests;

/// <summary>The live line of training.</summary>
public sealed class RunDisplayTests
{
    [Fact]
    public void Line_BeforeTheSpeedIsKnown_SaysNothingOfIt() =>
        Assert.Equal("1.6%  kimg 0.40/25", new RunProgress(new ImageCount(400), new ImageCount(25_000), 0, null, null, null).ToLine());

    [Fact]
    public void Line_WithASpeed_HasItBothWays() =>
        Assert.Equal(
            "kimg 0.40/25  200.0 img/s  5.0 sec/kimg  G 1.00 D 2.00  ETA 2m 03s",
            TerminalDisplay.Line(new RunProgress(new ImageCount(400), new ImageCount(25_000), 200, TimeSpan.FromSeconds(123), 1, 2)));
}
