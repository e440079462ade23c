using Atelier.Dashboard.Curves;

namespace Atelier.Dashboard.Tests.Curves;

/// <summary>What is drawn of a run's ticks.</summary>
public sealed class CurveViewTests
{
    [Fact]
    public void View_OfALongRun_KeepsEverySpike()
    {
        var table = Table(6250, tick => tick == 4711 ? 1000 : tick == 123 ? -1000 : Math.Sin(tick));

        var view = CurveView.Of(table, new() { Points = 400 });

        Assert.InRange(view.Kimg.Count, 300, 400);
        Assert.Equal(view.Kimg.Count, view.Series["Loss/G/loss"].Count);
        Assert.Equal((1000, -1000), (view.Series["Loss/G/loss"].Max(), view.Series["Loss/G/loss"].Min()));
        Assert.Equal(view.Kimg.Order(), view.Kimg);
        Assert.Equal((4.0, 25_000.0, 6250), (view.Kimg[0], view.Kimg[^1], view.Ticks));
    }

    [Fact]
    public void View_OfAWindow_HasEveryTickOfIt()
    {
        var view = CurveView.Of(Table(6250, tick => tick), new() { From = 4000, To = 4040, Points = 400 });

        Assert.Equal([4000.0, 4004, 4008, 4012, 4016, 4020, 4024, 4028, 4032, 4036, 4040], view.Kimg);
        Assert.Equal(view.Kimg.Select(kimg => kimg / 4 - 1), view.Series["Loss/G/loss"]);
    }

    [Fact]
    public void Smooth_OfAConstant_IsTheConstantFromTheFirst() =>
        Assert.All(CurveView.Smooth([3, 3, 3, 3], 0.9), value => Assert.Equal(3, value, 12));

    [Fact]
    public void Smooth_OverWhatIsNotFinite_GoesOn()
    {
        var smooth = CurveView.Smooth([1, float.NaN, 3], 0.5);

        Assert.Equal(1, smooth[0]);
        Assert.True(double.IsNaN(smooth[1]));
        // (0.5 * 0.5 * 1 + 0.5 * 3) / (0.5 * 0.5 + 0.5)
        Assert.Equal(1.75 / 0.75, smooth[2], 12);
    }

    [Fact]
    public void Table_OfARunThatWentBack_DropsWhatItLeftBehind()
    {
        var table = Table(10, tick => tick);

        table.Add(Utf8(Line(5, 50)));

        Assert.Equal([4.0, 8, 12, 16, 20, 24], table.Kimg);
        Assert.Equal([0f, 1, 2, 3, 4, 50], table.Column("Loss/G/loss"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{\"Loss/G/loss\":{\"num\":1,")]
    [InlineData("[1]")]
    [InlineData("{\"Progress/kimg\":{\"num\":1,\"mean\":null}}")]
    public void Table_OfALineThatIsNone_StaysAsItIs(string line)
    {
        var table = Table(2, tick => tick);

        Assert.False(table.Add(Utf8(line)));
        Assert.Equal(2, table.Kimg.Count);
    }

    [Fact]
    public void Table_OfAScalarThatComesAndGoes_HasGaps()
    {
        var table = new CurveTable();
        table.Add(Utf8(Line(0, 1)));
        table.Add(Utf8("""{"Progress/kimg":{"num":1,"mean":8},"Usage/32":{"num":1,"mean":0.5}}"""));
        table.Add(Utf8(Line(2, 3)));

        Assert.Equal([1, float.NaN, 3], table.Column("Loss/G/loss"));
        Assert.Equal([float.NaN, 0.5f, float.NaN], table.Column("Usage/32"));
    }

    private static byte[] Utf8(string line) => System.Text.Encoding.UTF8.GetBytes(line);

    private static CurveTable Table(int ticks, Func<int, double> value)
    {
        var table = new CurveTable();
        for (var tick = 0; tick < ticks; tick++) Assert.True(table.Add(Utf8(Line(tick, value(tick)))));
        return table;
    }

    private static string Line(int tick, double value) => $$$"""{"Loss/G/loss":{"num":1,"mean":{{{value:R}}}},"Progress/kimg":{"num":1,"mean":{{{(tick + 1) * 4}}}}}""";
}
