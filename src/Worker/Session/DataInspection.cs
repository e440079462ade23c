using Atelier.Core;
using Atelier.Core.Specs;
using Atelier.Protos;
using Atelier.Training.Data;
using Atelier.Worker.Runs;

namespace Atelier.Worker.Session;

/// <summary>Looks at a data set for a run that is being submitted.</summary>
internal static class DataInspection
{
    /// <summary>What is there, or why it cannot be used.</summary>
    public static DataFacts Look(InspectData question, WorkerOptions options)
    {
        try
        {
            var spec = RunSpecJson.Read(question.SpecJson, "the spec");
            using var dataset = ImageDataset.Open(options.OpenData(question.DataPath), RunPreparation.OptionsOf(spec));
            return new DataFacts
            {
                Request = question.Request,
                Width = dataset.Resolution.Width,
                Height = dataset.Resolution.Height,
                LabelDim = dataset.LabelDim,
                Images = dataset.Count,
                ContentSha256 = dataset.ContentHash,
            };
        }
        catch (Exception e) when (e is UserErrorException or IOException or UnauthorizedAccessException or InvalidDataException)
        {
            return new DataFacts { Request = question.Request, Error = e.Message };
        }
    }
}
