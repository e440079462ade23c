using Atelier.Training.Imaging;

namespace Atelier.Training.Tests.Imaging;

public class ChartAxisTests
{
    [Theory]
    [InlineData(0, 9.4, 8, new[] { 0d, 2, 4, 6, 8 })]
    [InlineData(-0.37, 2.1, 5, new[] { -0.5, 0, 0.5, 1, 1.5, 2, 2.5 })]
    public void Linear_Range_TicksAtRoundNumbers(double low, double high, int ticks, double[] expected)
    {
        var axis = ChartAxis.Linear([low, high, double.NaN], ticks, toTicks: low < 0);

        Assert.Equal(expected.Length, axis.Ticks.Count);
        Assert.All(axis.Ticks.Zip(expected), pair => Assert.Equal(pair.Second, pair.First, 1e-12));
        Assert.True(axis.Low <= low && axis.High >= high);
    }

    [Theory]
    [InlineData(5)]
    [InlineData(0)]
    [InlineData(-1e-7)]
    public void Linear_OneValue_HasRoomAroundIt(double value)
    {
        var axis = ChartAxis.Linear([value], 5, toTicks: true);

        Assert.True(axis.High > axis.Low);
        Assert.InRange(axis.Position(value), 0, 1);
        Assert.NotEmpty(axis.Ticks);
    }

    [Fact]
    public void Log_Decades_TicksAtPowers()
    {
        var axis = ChartAxis.Log([0.003, 700, 0, -4], 8);

        Assert.All(axis.Ticks, t => Assert.Equal(Math.Round(Math.Log10(t)), Math.Log10(t), 1e-9));
        Assert.InRange(axis.Position(0.003), 0, 0.2);
        Assert.InRange(axis.Position(700), 0.8, 1);
        Assert.True(double.IsNaN(axis.Position(0)));
    }

    [Theory]
    [InlineData(0.1 + 0.2, "0.3")]
    [InlineData(25000, "25,000")]
    [InlineData(1e-5, "1e-5")]
    [InlineData(0, "0")]
    public void Label_Tick_IsShort(double tick, string label) => Assert.Equal(label, ChartAxis.Label(tick));
}
