using Atelier.Training.Data;
using Atelier.Training.Imaging;

namespace Atelier.Training.Tests.Data;

public class DataBenchmarkTests
{
    [Fact]
    public void Run_Source_MeasuresPngAndJpeg()
    {
        using var source = TestSource.Of(5, width: 32, height: 32);

        var rates = DataBenchmark.Run(source, threads: 2, TimeSpan.FromMilliseconds(20), ImageSize.Square(16));

        Assert.Equal([ImageFormat.Png, ImageFormat.Jpeg], rates.Select(r => r.Format));
        Assert.All(rates, r =>
        {
            Assert.Equal(ImageSize.Square(16), r.Size);
            Assert.True(r.Images >= 10 && r.Images % 5 == 0, $"{r.Images} images");
            Assert.Equal(r.ImagesPerSecond / 2, r.ImagesPerSecondPerThread);
            Assert.InRange(r.MeanFileBytes, 50, 5000);
        });
    }

    [Fact]
    public void Run_Empty_IsRefused()
    {
        using var source = TestSource.Of(0);

        Assert.Equal(DatasetProblem.Empty, Assert.Throws<DatasetException>(() => DataBenchmark.Run(source, 1, TimeSpan.Zero)).Problem);
    }
}
