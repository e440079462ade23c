using Atelier.Cli.Output;
using Atelier.Core;
using Atelier.TestKit;
using Atelier.Worker.Runs;

namespace Atelier.Cli.Tests;

/// <summary>The live line of training.</summary>
public sealed class RunDisplayTests
{
    [Fact]
    public void Line_BeforeTheSpeedIsKnown_SaysNothingOfIt() =>
        Assert.Equal("1.6%  kimg 0.40/25", new RunProgress(new ImageCount(400), new ImageCount(25_000), 0, null, null, null).ToLine());

    [Fact]
    public void Line_OfARun_SaysWhatPeopleLookFor() =>
        Assert.Equal("1.6%  kimg 0.40/25  200.0 img/s  ETA 2m 03s  G 1.00 D 2.00  rfd 12.346", Whole.ToLine());

    [Theory]
    [InlineData(200, "1.6%  kimg 0.40/25  200.0 img/s  ETA 2m 03s  G 1.00 D 2.00  rfd 12.346")]
    [InlineData(60, "1.6%  kimg 0.40/25  200.0 img/s  ETA 2m 03s  G 1.00 D 2.00")]
    [InlineData(40, "1.6%  kimg 0.40/25  200.0 img/s")]
    [InlineData(5, "1.6%")]
    [InlineData(2, "1.")]
    [InlineData(0, "")]
    public void Line_OnANarrowTerminal_KeepsWhatFits(int width, string expected) => Assert.Equal(expected, Whole.ToLine(width));

    [Fact]
    public void Percent_JustBeforeTheEnd_IsNot100() => Assert.Equal("99.9", RunProgress.Percent(new(24_999_999), new(25_000_000)));

    [Theory]
    [InlineData(null, null, null, true)]
    [InlineData(null, null, "en_US.UTF-8", true)]
    [InlineData(null, "C.utf8", "C", true)]
    [InlineData("C", "en_US.UTF-8", "en_US.UTF-8", false)]
    [InlineData(null, null, "POSIX", false)]
    [InlineData("", "", "de_DE.ISO-8859-1", false)]
    public void Locale_WithoutUnicode_IsKnown(string? all, string? ctype, string? lang, bool expected) =>
        Assert.Equal(expected, Terminal.HasUnicode(name => name switch { "LC_ALL" => all, "LC_CTYPE" => ctype, _ => lang }));

    [Fact]
    public void Help_InTheCLocale_IsAscii()
    {
        var result = AtelierProcess.Start(["generate", "--help"], "env", "LC_ALL=C").WaitForExit();
        Assert.Contains("truncation psi", result.Text, StringComparison.Ordinal);
        Assert.All(result.Text, letter => Assert.True(char.IsAscii(letter), $"{letter}"));
    }

    private static RunProgress Whole => new(new ImageCount(400), new ImageCount(25_000), 200, TimeSpan.FromSeconds(123), 1, 2) { Metric = new MetricValue("rfd", 12.34567) };
}
